import type { Call } from '../call.ts';
import type { Outcome } from '../outcome.ts';
import { shellWord } from '../settings.ts';
import { tierNames } from '../table/verb-spec.ts';
import { contactLines } from '../views/contact-lines.ts';
import { exchangeNext, isMutual, outcomeLines } from '../views/exchange-lines.ts';

const stillWaiting = [
  'The other node has not answered yet. It is asked again by itself;',
  'the contact becomes a peer when it answers.',
];

/** Uses an invite: both sides become peers in one step. */
export async function join({ args, client, settings, screen, signal }: Call): Promise<Outcome> {
  screen.progress('Waiting for the other node …');
  const contact = await client.join(
    {
      agent: settings.agent,
      invite: args.at(0, 'INVITE').trim(),
      petname: args.text('as'),
      tier: args.choice('tier', tierNames),
      waitMs: args.durationMs('wait'),
    },
    { signal },
  );
  const name = shellWord(contact.petname);
  const isPeer = isMutual(contact);
  return {
    data: contact,
    lines: (paint) => [
      ...(isPeer || contact.refusal !== undefined ? outcomeLines(contact, paint) : stillWaiting),
      '',
      ...contactLines(contact, paint),
    ],
    next: isPeer
      ? [`Say hello: mesh send ${name} "hello"`, `Make sure that it is really them: mesh verify ${name}`]
      : [...exchangeNext(contact), `See whether it has answered: mesh contact ${name}`],
  };
}
