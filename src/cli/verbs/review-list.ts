import type { Call } from '../call.ts';
import type { Outcome } from '../outcome.ts';
import { shortIds } from '../short-id.ts';
import { reviewTable } from '../views/review-lines.ts';

/** What waits for the owner because the guard saw something in it, oldest first. */
export async function reviewList({ args, client, settings, signal }: Call): Promise<Outcome> {
  const limit = args.number('limit', [1, 10_000]);
  const answer = await client.reviews({ agent: settings.agent, limit }, { signal });
  const [first] = answer.reviews;
  const short = shortIds(answer.reviews.map(({ id }) => id));
  return {
    data: answer,
    lines: (paint) => (first === undefined ? ['Nothing waits for you.'] : reviewTable(answer.reviews, paint)),
    next: first === undefined ? [] : [`Look at one and decide: mesh review show ${short(first.id)}`],
  };
}
