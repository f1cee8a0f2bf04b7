import type { Call } from '../call.ts';
import { narrowingOf } from '../dead-choice.ts';
import type { Outcome } from '../outcome.ts';
import { shortIds } from '../short-id.ts';
import { deadSummary, deadTable } from '../views/dead-lines.ts';

/** What was given up on, oldest first. */
export async function deadList(call: Call): Promise<Outcome> {
  const { args, client, signal } = call;
  const limit = args.number('limit', [1, 10_000]);
  const answer = await client.deadLetters({ ...narrowingOf(call), limit }, { signal });
  const letters = answer.letters.toReversed();
  const last = letters.at(-1);
  const short = shortIds(letters.map(({ id }) => id));
  return {
    data: { letters, counts: answer.counts },
    lines: (paint) =>
      last === undefined
        ? ['No dead letters.', ...deadSummary(answer.counts)]
        : [...deadTable(letters, paint), '', ...deadSummary(answer.counts)],
    next:
      last === undefined
        ? []
        : [
            `Look at one: mesh dead show ${short(last.id)}`,
            `Give it another try: mesh dead replay ${short(last.id)}`,
            'Forget what is of no use any more: mesh dead purge --older 7d',
          ],
  };
}
