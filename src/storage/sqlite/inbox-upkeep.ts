import { phases } from './codes.ts';
import { int } from './columns.ts';
import type { Queries } from './database.ts';
import { queueOf, slotOf } from './inbox-queue.ts';
import { firstSeqSince } from './seq-search.ts';
import type { Shared } from './shared.ts';

/** A bound on how long one call holds everything else up. */
const maxPruned = 50_000;

const leasedAndRead = phases.leased + phases.read;
const deadAndRead = phases.dead + phases.read;

/** Handled, given up, or read by a person; what nobody has dealt with stays, however old. */
const isOver = `(phase IN (${phases.dead}, ${deadAndRead}, ${phases.handled})
  OR (read_at IS NOT NULL AND phase <> ${leasedAndRead}))`;

/**
 * Deletes messages that came before `before` and are over, and frames that need not be known any more. Returns how many
 * rows.
 */
export function pruneInbox(
  queries: Queries,
  shared: Shared,
  { before, now }: { readonly before: number; readonly now: number },
): number {
  const end = firstSeqSince(queries, { table: 'inbox', column: 'received_at', time: before });
  const states = queries.all(
    `DELETE FROM inbox_state WHERE seq IN (SELECT seq FROM inbox_state WHERE seq < ? AND ${isOver} ORDER BY seq LIMIT ?)
     RETURNING seq, lane, phase, type, priority`,
    end,
    maxPruned,
  );
  for (const queue of states.map(queueOf)) {
    if (queue.phase < phases.handled) shared.open.add(queue.lane, slotOf(queue), -1);
  }
  const seqs = JSON.stringify(states.map((row) => int(row, 'seq')));
  queries.run('DELETE FROM inbox WHERE seq IN (SELECT value FROM json_each(?))', seqs);
  const frames = queries.run(
    `DELETE FROM received_frame WHERE (lane, id) IN (SELECT lane, id FROM received_frame WHERE until <= ? LIMIT ?)`,
    now,
    maxPruned,
  );
  return states.length + frames;
}
