import type { Paint } from '../paint.ts';
import { shortIds } from '../short-id.ts';
import { fields, table } from '../table.ts';
import { jsonText, visible } from '../terminal-text.ts';
import { relative, when } from '../times.ts';
import { findingLines, sourceLines } from './guard-lines.ts';
import { attachedLines, bodyLines } from './message-lines.ts';
import type { ReviewView } from './types.ts';
import { firstLine, shown } from './words.ts';

const towards = ({ direction, peer }: Pick<ReviewView, 'direction' | 'peer'>): string =>
  `${direction === 'out' ? 'to' : 'from'} ${visible(peer)}`;

const shortLength = 16;
/** Enough to name it, and short enough to copy. */
export const shortDigest = ({ digest }: Pick<ReviewView, 'digest'>): string => digest.slice(0, shortLength);

/** One line a message that waits. */
export function reviewTable(reviews: readonly ReviewView[], paint: Paint): readonly string[] {
  const short = shortIds(reviews.map(({ id }) => id));
  return table(
    [
      { title: 'ID', cell: ({ id }) => short(id), paint: (text) => paint.colour('dim', text) },
      { title: 'WHO', cell: (review) => towards(review), shrinkTo: 8 },
      { title: 'SINCE', cell: ({ since }) => relative(since, paint) },
      { title: 'SEEN', cell: ({ guard }) => guard.map(({ rule }) => visible(rule)).join(', '), shrinkTo: 12 },
      {
        title: 'MESSAGE',
        cell: ({ subject, body }) => (subject === undefined ? firstLine(body) : visible(subject)),
        shrinkTo: 12,
      },
    ],
    reviews,
    paint,
  );
}

/** All that is acted on, indented so that it cannot pass for words of this program. */
export function reviewLines(review: ReviewView, paint: Paint): readonly string[] {
  return [
    ...fields(
      [
        ['message', review.id],
        [review.direction === 'out' ? 'to' : 'from', paint.colour('bold', visible(review.peer))],
        ['type', review.type],
        ['waits since', when(review.since, paint)],
        ['expires', when(review.expiresAt, paint)],
        ['the guard saw', findingLines(review.guard).join('\n')],
        ['because of', sourceLines(review.sources)],
        ['digest', review.digest],
        ['subject', shown(review.subject)],
        ['metadata', review.metadata === undefined ? undefined : jsonText(review.metadata)],
        ['attached', attachedLines(review)],
      ],
      paint,
    ),
    ...(review.body === '' ? [] : ['', ...bodyLines(review.body)]),
  ];
}
