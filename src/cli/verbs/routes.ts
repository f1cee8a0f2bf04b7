import type { Call } from '../call.ts';
import type { Outcome } from '../outcome.ts';
import { shellWord } from '../settings.ts';
import { routeTable, unreachable } from '../views/route-lines.ts';

/** The ways to contacts as the node knows them. */
export const routes = (call: Call): Promise<Outcome> => waysOf(call, 'routes');

/** The same after every way was tried. */
export const probe = (call: Call): Promise<Outcome> => waysOf(call, 'probe');

async function waysOf({ args, client, settings, screen, signal }: Call, how: 'routes' | 'probe'): Promise<Outcome> {
  if (how === 'probe') screen.progress('Trying …');
  const answer = await client[how]({ agent: settings.agent, contact: args.optional(0) }, { signal });
  const { contacts } = answer;
  const lost = unreachable(contacts);
  return {
    data: answer,
    lines: (paint) => (contacts.length === 0 ? ['No peers yet.'] : routeTable(contacts, paint)),
    next: [
      contacts.length === 0 ? 'Connect with another agent: mesh invite, or mesh request URL' : undefined,
      how === 'routes' && contacts.length > 0 ? 'Try them now: mesh probe' : undefined,
      ...lost.map(
        (name) => `Nothing reaches ${name}; what waits for it is sent when it is back: mesh contact ${shellWord(name)}`,
      ),
    ],
  };
}
