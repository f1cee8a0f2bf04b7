import type { Call } from '../call.ts';
import type { Outcome } from '../outcome.ts';
import { shellWord } from '../settings.ts';
import { visible } from '../terminal-text.ts';
import { count } from '../views/words.ts';

/** Stops all programs at once, or that of one agent, until they are let go on. */
export async function pause({ args, client, settings, signal }: Call): Promise<Outcome> {
  const { agent } = settings;
  const answer = await client.pause({ agent, reason: args.text('reason') }, { signal });
  const who = agent === undefined ? 'All programs are' : `The program of ${visible(agent)} is`;
  return {
    data: answer,
    lines: () => [
      `${who} paused, also after a restart.`,
      'No turn starts, and what programs send is refused. Turns that run may end.',
      'Messages arrive and wait.',
      ...(answer.waiting === 0 ? [] : [`${count(answer.waiting, 'message')} waiting for a program.`]),
    ],
    next: [`Go on with everything that waits: mesh resume${agent === undefined ? '' : ` --agent ${shellWord(agent)}`}`],
  };
}
