import { phases } from './codes.ts';
import { int } from './columns.ts';
import type { Queries } from './database.ts';
import { countUnread } from './inbox-unread.ts';
import { isUnread, queueOf, slotOf } from './inbox-queue.ts';
import type { Shared } from './shared.ts';

/** A bound on how long one call holds everything else up. */
const maxPruned = 50_000;

const leasedAndRead = phases.leased + phases.read;
const deadAndRead = phases.dead + phases.read;

/** Handled, given up, or read by a person; what nobody has dealt with stays, however old. */
const isOver = `(phase IN (${phases.dead}, ${deadAndRead}, ${phases.handled})
  OR (read_at IS NOT NULL AND phase <> ${leasedAndRead}))`;

export interface PruneInbox {
  readonly before: number;
  readonly now: number;
  readonly ranMs: number;
}

/**
 * Deletes messages that are over and that no sender can have taken again: they came before `before`, have expired at `now`, and were here
 * when the node had run `ranMs` less (spec 11.9). Returns how many.
 */
export function pruneInbox(queries: Queries, shared: Shared, { before, now, ranMs }: PruneInbox): number {
  const states = queries.all(
    `DELETE FROM inbox_state WHERE seq IN (SELECT s.seq FROM inbox_state s JOIN inbox i ON i.seq = s.seq
     WHERE s.seq <= ? AND s.seq < (SELECT max(seq) FROM inbox) AND i.received_at < ? AND i.expires_at <= ? AND ${isOver}
     ORDER BY s.seq LIMIT ?) RETURNING seq, lane, phase, type, priority, size`,
    shared.runTime.seqBefore('inbox', ranMs),
    before,
    now,
    maxPruned,
  );
  for (const row of states) {
    const queue = queueOf(row);
    if (queue.phase < phases.handled) shared.open.add(queue.lane, slotOf(queue), -1);
    if (isUnread(queue)) countUnread(shared, { lane: queue.lane, bytes: int(row, 'size') }, -1);
  }
  const seqs = JSON.stringify(states.map((row) => int(row, 'seq')));
  queries.run('DELETE FROM inbox WHERE seq IN (SELECT value FROM json_each(?))', seqs);
  return states.length;
}
