import { phases } from './codes.ts';
import { int } from './columns.ts';
import type { Queries } from './database.ts';
import { isUnread, queueOf, slotOf } from './inbox-queue.ts';
import { countUnread } from './inbox-unread.ts';
import { seqSet } from './seq-set.ts';
import type { Shared } from './shared.ts';

/** Ends messages without an answer, however many at once: two statements. */
export function completeRows(queries: Queries, shared: Shared, seqs: readonly number[]): void {
  if (seqs.length === 0) return;
  const { condition, values } = seqSet('seq', seqs);
  // Found by number, not by the index of what is open.
  const open = `${condition} AND +phase < ${phases.handled}`;
  const counts = queries.all(
    `SELECT lane, phase, type, priority, count(*) AS messages, sum(size) AS bytes FROM inbox_state WHERE ${open}
     GROUP BY lane, phase, type, priority`,
    ...values,
  );
  queries.run(`UPDATE inbox_state SET phase = ${phases.handled}, not_before = 0 WHERE ${open}`, ...values);
  for (const row of counts) {
    const queue = queueOf(row);
    const messages = int(row, 'messages');
    shared.open.add(queue.lane, slotOf(queue), -messages);
    if (isUnread(queue)) countUnread(shared, { lane: queue.lane, bytes: int(row, 'bytes'), messages }, -1);
  }
}
