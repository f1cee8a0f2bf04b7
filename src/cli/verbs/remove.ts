import type { Call } from '../call.ts';
import type { Outcome } from '../outcome.ts';
import { visible } from '../terminal-text.ts';
import { count } from '../views/words.ts';

/** Forgets a contact. */
export async function remove({ args, client, settings, signal }: Call): Promise<Outcome> {
  const result = await client.remove({ agent: settings.agent, contact: args.at(0, 'CONTACT') }, { signal });
  const { removed, cancelled } = result;
  return {
    data: result,
    lines: () => [
      `${visible(removed)} is removed.`,
      ...(cancelled === 0 ? [] : [`Cancelled: ${count(cancelled, 'message')} that waited for it.`]),
    ],
    next: ['To connect again: mesh invite, or mesh request URL'],
  };
}
