import type { DeadLetterCount, DeadLetterQuery } from '#delivery';
import { int, orNull, text } from './columns.ts';
import type { Queries } from './database.ts';
import { inQueue, isDead, queuesOf, queueValues } from './inbox-queue.ts';
import type { Lane } from './lanes.ts';
import type { ErrorCode } from '#kernel';
import type { Shared } from './shared.ts';

const narrowed = `AND (?5 IS NULL OR reason = ?5) AND (?6 IS NULL OR dead_at < ?6)`;

/** Rows of messages that programs gave up on, newest first. */
export function deadInboxSeqs(
  queries: Queries,
  shared: Shared,
  query: DeadLetterQuery & { lanes: readonly Lane[] },
): readonly number[] {
  const { lanes, reason, before, belowSeq = Number.MAX_SAFE_INTEGER, limit } = query;
  const sql = `SELECT seq FROM inbox_state WHERE ${inQueue} ${narrowed} AND seq < ?7 ORDER BY seq DESC LIMIT ?8`;
  const seqs = queuesOf(shared, lanes)
    .filter(isDead)
    .flatMap((queue) =>
      queries
        .all(sql, ...queueValues(queue), orNull(reason), orNull(before), belowSeq, limit)
        .map((row) => int(row, 'seq')),
    );
  return seqs.sort((a, b) => b - a).slice(0, limit);
}

export function deadInboxCounts(queries: Queries, shared: Shared, lane: Lane): readonly DeadLetterCount[] {
  const sql = `SELECT coalesce(reason, 'HANDLER_FAILED') AS why, count(*) AS n FROM inbox_state WHERE ${inQueue} GROUP BY why`;
  const counts = new Map<ErrorCode, number>();
  for (const queue of queuesOf(shared, [lane]).filter(isDead)) {
    for (const row of queries.all(sql, ...queueValues(queue))) {
      const reason = text(row, 'why') as ErrorCode;
      counts.set(reason, (counts.get(reason) ?? 0) + int(row, 'n'));
    }
  }
  return [...counts].map(([reason, count]) => ({ peer: lane.peer, reason, count }));
}
