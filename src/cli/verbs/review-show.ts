import type { Call } from '../call.ts';
import type { Outcome } from '../outcome.ts';
import { shortIds } from '../short-id.ts';
import { reviewLines, shortDigest } from '../views/review-lines.ts';

/** One message that waits, what the guard saw in it, and the digest that an approval names. */
export async function reviewShow({ args, client, settings, signal }: Call): Promise<Outcome> {
  const review = await client.review({ agent: settings.agent, id: args.at(0, 'ID') }, { signal });
  const short = shortIds([review.id])(review.id);
  return {
    data: review,
    lines: (paint) => reviewLines(review, paint),
    next: [
      `Let it go on: mesh review approve ${short} --digest ${shortDigest(review)}`,
      `Refuse it: mesh review deny ${short}`,
    ],
  };
}
