import type { Call } from '../call.ts';
import type { Outcome } from '../outcome.ts';
import { shellWord } from '../settings.ts';
import { contactLines } from '../views/contact-lines.ts';
import { exchangeNext, isMutual } from '../views/exchange-lines.ts';
import type { ContactView } from '../views/types.ts';

/** Everything about one contact. */
export async function contact({ args, client, settings, signal }: Call): Promise<Outcome> {
  const view = await client.contact({ agent: settings.agent, contact: args.at(0, 'CONTACT') }, { signal });
  return { data: view, lines: (paint) => contactLines(view, paint), next: nextSteps(view) };
}

function nextSteps(contact: ContactView): NonNullable<Outcome['next']> {
  const { state, petname, verifiedAt, requestId } = contact;
  const name = shellWord(petname);
  switch (state) {
    case 'trusted':
      if (!isMutual(contact) && contact.exchange?.state !== 'under-way') return exchangeNext(contact);
      return verifiedAt === undefined ? [`Compare the safety number with its owner: mesh verify ${name}`] : [];
    case 'changed':
      return [
        'Compare the new fingerprint with its owner by voice or in person. Then:',
        `It is theirs: mesh approve ${name}`,
        `It is not: mesh approve ${name} --keep-key, or mesh block ${name}`,
      ];
    case 'requested-in':
      return [`Approve it: mesh approve ${requestId ?? name}`];
    case 'requested-out':
      return exchangeNext(contact);
    case 'blocked':
      return [`Allow it again: mesh tier ${name} bounded`];
    case 'discovered':
      return ['Ask for trust: mesh request URL'];
    default:
      return [];
  }
}
