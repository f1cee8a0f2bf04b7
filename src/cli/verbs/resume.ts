import type { Call } from '../call.ts';
import type { Outcome } from '../outcome.ts';
import { visible } from '../terminal-text.ts';
import { count } from '../views/words.ts';

/** Programs go on with what waited. */
export async function resume({ client, settings, signal }: Call): Promise<Outcome> {
  const answer = await client.resume({ agent: settings.agent }, { signal });
  const { ended, pauses, waiting } = answer;
  return {
    data: answer,
    lines: () => [
      ended.length === 0
        ? 'Nothing was paused.'
        : `Programs go on${waiting === 0 ? '.' : ` with ${count(waiting, 'message')} that waited, in order.`}`,
      ...pauses.map(({ agent = 'the whole node' }) => `Still paused: ${visible(agent)}`),
    ],
    next: [waiting === 0 ? undefined : 'Watch it: mesh events'],
  };
}
