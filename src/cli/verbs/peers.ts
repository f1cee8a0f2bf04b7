import type { Call } from '../call.ts';
import type { Outcome } from '../outcome.ts';
import { shellWord } from '../settings.ts';
import { contactTable } from '../views/contact-lines.ts';
import { needsLook } from '../views/exchange-lines.ts';
import type { ContactView } from '../views/types.ts';

const usual: readonly ContactView['state'][] = ['trusted', 'changed', 'blocked', 'requested-out', 'requested-in'];

/** Contacts with state and connection; trusted ones first. */
export async function peers({ args, client, settings, signal }: Call): Promise<Outcome> {
  const { contacts } = await client.contacts({ agent: settings.agent }, { signal });
  const listed = args.flag('all') ? contacts : contacts.filter(({ state }) => usual.includes(state));
  const sorted = listed.toSorted((a, b) => rank(a) - rank(b) || a.petname.localeCompare(b.petname));
  return {
    data: { contacts: sorted },
    lines: (paint) => (sorted.length === 0 ? ['No contacts yet.'] : contactTable(sorted, paint)),
    next: sorted.length === 0 ? ['Connect with another agent: mesh invite, or mesh request URL'] : nextSteps(sorted),
  };
}

const rank = ({ state }: ContactView): number => (usual.includes(state) ? usual.indexOf(state) : usual.length);

function nextSteps(contacts: readonly ContactView[]): readonly string[] {
  const changed = contacts.find(({ state }) => state === 'changed');
  const asking = contacts.some(({ state }) => state === 'requested-in');
  return [
    ...(changed === undefined
      ? []
      : [`The key of ${changed.petname} has changed: mesh contact ${shellWord(changed.petname)}`]),
    ...(asking ? ['Somebody asks for trust: mesh requests'] : []),
    ...contacts
      .filter(needsLook)
      .map(({ petname }) => `What is open with ${petname}: mesh contact ${shellWord(petname)}`),
  ];
}
