import type { Paint } from '../paint.ts';
import { shortIds } from '../short-id.ts';
import { fields, table } from '../table.ts';
import { visible, visibleBlock } from '../terminal-text.ts';
import { relative, when } from '../times.ts';
import { bodyLines, stepTable, summaryOf } from './message-lines.ts';
import type { DeadLetterView, DeadLetters, DeadLetterWithSteps, Replayed } from './types.ts';
import { count, shown } from './words.ts';

const towards = ({ box, peer }: Pick<DeadLetterView, 'box' | 'peer'>): string =>
  `${box === 'outbox' ? 'to' : 'from'} ${visible(peer)}`;

/** One line a dead letter. */
export function deadTable(letters: readonly DeadLetterView[], paint: Paint): readonly string[] {
  const short = shortIds(letters.map(({ id }) => id));
  return table(
    [
      { title: 'ID', cell: ({ id }) => short(id), paint: (text) => paint.colour('dim', text) },
      { title: 'WHO', cell: (letter) => towards(letter), shrinkTo: 8 },
      { title: 'REASON', cell: ({ reason }) => visible(reason), paint: (text) => paint.colour('red', text) },
      { title: 'SINCE', cell: ({ at }) => relative(at, paint) },
      { title: 'REPLAY', cell: ({ replay }) => replay },
      { title: 'MESSAGE', cell: (letter) => summaryOf(letter), shrinkTo: 12 },
    ],
    letters,
    paint,
  );
}

/** How many there are of each kind, also those that are not listed. */
export function deadSummary(counts: DeadLetters['counts']): readonly string[] {
  return counts.map((one) => `${count(one.count, 'message')} ${towards(one)}: ${visible(one.reason)}`);
}

export function deadLetterLines(letter: DeadLetterWithSteps, paint: Paint): readonly string[] {
  const { id, type, priority, reason, error, attempts, replay } = letter;
  const facts = fields(
    [
      ['message', id],
      [letter.box === 'outbox' ? 'to' : 'from', paint.colour('bold', visible(letter.peer))],
      ['type', priority === 'normal' ? type : `${type}, ${priority} priority`],
      ['subject', shown(letter.subject)],
      ['reason', paint.colour('red', visible(reason))],
      ['error', error === undefined ? undefined : visibleBlock(error.trimEnd())],
      ['attempts', attempts > 0 ? String(attempts) : undefined],
      ['dead since', when(letter.at, paint)],
      ['expires', when(letter.expiresAt, paint)],
      ['kept until', when(letter.keptUntil, paint)],
      ['replay', replay === 'by itself' ? 'by itself, when the contact is heard from in time' : 'by hand'],
    ],
    paint,
  );
  const body = letter.body === '' ? [] : ['', ...bodyLines(letter.body)];
  return [...facts, '', ...stepTable(letter.steps, paint), ...body];
}

const named = 10;

export function replayLines({ count: amount, replayed, skipped }: Replayed, paint: Paint): readonly string[] {
  const shownOnes = replayed.slice(0, named);
  const more = amount > shownOnes.length ? [`… and ${count(amount - shownOnes.length, 'message')} more`] : [];
  const left = skipped
    .slice(0, named)
    .flatMap(({ id, code, message }) => [id, `  ${paint.colour('red', visible(code))}: ${visible(message)}`]);
  if (amount + skipped.length === 0) return ['There is nothing to replay.'];
  return [...shownOnes.flatMap(replayedLines), ...more, ...left];
}

function replayedLines({ id, as, box }: Replayed['replayed'][number]): readonly string[] {
  if (as !== undefined) return [id, `  is said again by ${as}`];
  return [id, box === 'outbox' ? '  goes on' : '  is offered to the program again'];
}
