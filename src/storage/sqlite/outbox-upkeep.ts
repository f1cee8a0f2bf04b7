import type { MessageId } from '#protocol';
import { endCodes } from './codes.ts';
import { blob, int, text } from './columns.ts';
import type { Queries, Row } from './database.ts';
import { endedForGood } from './outbox-row.ts';
import { firstSeqSince } from './seq-search.ts';
import type { Shared } from './shared.ts';

interface Expired {
  readonly agent: string;
  readonly id: MessageId;
}

/** A bound on how long one call holds everything else up: about 0.1 s. */
const maxExpired = 10_000;
const maxPruned = 50_000;

/**
 * Costs what is due, not what is stored; of much that is due, the oldest. Returns those whose state became `expired`.
 */
export function expireOutbox(queries: Queries, shared: Shared, now: number): readonly Expired[] {
  const waiting = queries.all(
    `UPDATE outbox SET ended = ${endCodes.expired}, ended_at = ?1
     WHERE seq IN (SELECT seq FROM outbox WHERE frame IS NULL AND ended IS NULL AND expires_at <= ?1
       ORDER BY expires_at LIMIT ?2) RETURNING id, lane, seen_at, answered_at`,
    now,
    maxExpired,
  );
  for (const row of waiting) shared.waiting.add(int(row, 'lane'), 0, -1);
  const unproved = waiting.filter((row) => row.seen_at === null && row.answered_at === null);
  const frames = queries.all(dueFrames, now);
  const sealed = frames.flatMap((frame) => expireFrame(queries, int(frame, 'no'), now));
  return [...unproved, ...sealed].map((row) => ({
    agent: shared.lanes.at(int(row, 'lane')).agent,
    id: text(row, 'id') as MessageId,
  }));
}

const dueFrames = 'SELECT no FROM frame WHERE first_expiry IS NOT NULL AND first_expiry <= ? LIMIT 100';

function expireFrame(queries: Queries, no: number, now: number): readonly Row[] {
  const unproved = 'frame = ?1 AND ended IS NULL AND seen_at IS NULL AND answered_at IS NULL';
  const expired = queries.all(
    `UPDATE outbox SET ended = ${endCodes.expired}, ended_at = ?2 WHERE ${unproved} AND expires_at <= ?2
     RETURNING id, lane`,
    no,
    now,
  );
  queries.run(
    `UPDATE frame SET first_expiry = (SELECT min(expires_at) FROM outbox WHERE ${unproved}) WHERE no = ?1`,
    no,
  );
  return expired;
}

const rewrittenAtOnce = 100;

export function rewriteWaiting(queries: Queries, lane: number, rewrite: (body: Uint8Array) => Uint8Array): void {
  const page = `SELECT seq, body FROM outbox WHERE lane = ? AND seq > ? AND frame IS NULL AND ended IS NULL ORDER BY seq LIMIT ?`;
  let seq = 0;
  let rows: readonly Row[];
  do {
    rows = queries.all(page, lane, seq, rewrittenAtOnce);
    for (const row of rows) {
      seq = int(row, 'seq');
      queries.run('UPDATE outbox SET body = ? WHERE seq = ?', rewrite(blob(row, 'body')), seq);
    }
  } while (rows.length === rewrittenAtOnce);
}

/** When the message was settled: NULL while it is under way. */
const settledAt = `CASE WHEN ${endedForGood} THEN o.ended_at
  ELSE coalesce(o.answered_at, o.seen_at, f.delivered_at, o.ended_at) END`;

/** Deletes messages that were settled before `before`, then frames that hold none. Returns the number of messages. */
export function pruneOutbox(queries: Queries, before: number): number {
  const end = firstSeqSince(queries, { table: 'outbox', column: 'created_at', time: before });
  const deleted = queries.run(
    `DELETE FROM outbox WHERE seq IN (SELECT o.seq FROM outbox o LEFT JOIN frame f ON f.no = o.frame
     WHERE o.seq < ?1 AND ${settledAt} < ?2 ORDER BY o.seq LIMIT ?3)`,
    end,
    before,
    maxPruned,
  );
  pruneFrames(queries, before);
  return deleted;
}

/** Unacknowledged frames go when no peer can take them any more. */
function pruneFrames(queries: Queries, before: number): void {
  const end = firstSeqSince(queries, { table: 'frame', column: 'created_at', time: before });
  const empty = 'NOT EXISTS (SELECT 1 FROM outbox WHERE outbox.frame = frame.no)';
  const frames = `SELECT no FROM frame WHERE no < ?1 AND (open = 0 OR expires_at < ?2) AND ${empty}`;
  for (const table of ['receipt', 'frame_bytes'])
    queries.run(`DELETE FROM ${table} WHERE frame IN (${frames})`, end, before);
  queries.run(`DELETE FROM frame WHERE no IN (${frames})`, end, before);
}
