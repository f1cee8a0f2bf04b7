import type { Call } from '../call.ts';
import { choiceOf } from '../dead-choice.ts';
import type { Outcome } from '../outcome.ts';
import { shortIds } from '../short-id.ts';
import { replayLines } from '../views/dead-lines.ts';

/** Sends again what was sent, and offers again what came in. */
export async function deadReplay(call: Call): Promise<Outcome> {
  const result = await call.client.replayDead(choiceOf(call), { signal: call.signal });
  const [first] = result.replayed;
  const short = shortIds(result.replayed.map(({ id, as }) => as ?? id));
  return {
    data: result,
    lines: (paint) => replayLines(result, paint),
    next: [
      first?.box === 'outbox'
        ? `See what becomes of it: mesh track ${short(first.as ?? first.id)} --follow`
        : undefined,
      first?.box === 'inbox' ? `See what becomes of it: mesh read ${short(first.id)}` : undefined,
    ],
    exitCode: result.count === 0 && result.skipped.length > 0 ? 1 : 0,
  };
}
