import type { AgentId } from '#identity';
import type { MessageId } from '#protocol';
import { endCodes, witnessCode } from './codes.ts';
import { blob, int, text } from './columns.ts';
import type { Queries, Row } from './database.ts';
import type { Lane } from './lanes.ts';
import { denyHeld } from './outbox-held.ts';
import { countGrowth, countWaiting } from './outbox-waiting.ts';
import { firstSeqSince } from './seq-search.ts';
import type { Shared } from './shared.ts';

interface Expired {
  readonly agent: string;
  readonly peer: AgentId;
  readonly id: MessageId;
}

/** A bound on how long one call holds everything else up: about 0.1 s. */
const maxExpired = 10_000;
const maxPruned = 50_000;

const expire = `UPDATE outbox SET ended = ${endCodes.expired}, ended_at = ?1, ended_by = ${witnessCode('this node')}`;

/**
 * Costs what is due, not what is stored; of much that is due, the oldest. Returns those whose state became `expired`.
 */
export function expireOutbox(queries: Queries, shared: Shared, now: number): readonly Expired[] {
  const waiting = queries.all(
    `${expire} WHERE seq IN (SELECT seq FROM outbox WHERE frame IS NULL AND ended IS NULL AND expires_at <= ?1
       ORDER BY expires_at LIMIT ?2) RETURNING id, lane, priority, size`,
    now,
    maxExpired,
  );
  countWaiting(shared, waiting, -1);
  const held = queries.all(
    `${expire} WHERE seq IN (SELECT seq FROM outbox WHERE ended = ${endCodes.held} AND expires_at <= ?1 LIMIT ?2) RETURNING id, lane`,
    now,
    maxExpired,
  );
  const frames = queries.all(dueFrames, now);
  const sealed = frames.flatMap((frame) => expireFrame(queries, int(frame, 'no'), now));
  return [...waiting, ...held, ...sealed].map((row) => {
    const { agent, peer } = shared.lanes.at(int(row, 'lane'));
    return { agent, peer, id: text(row, 'id') as MessageId };
  });
}

const dueFrames = 'SELECT no FROM frame WHERE first_expiry IS NOT NULL AND first_expiry <= ? LIMIT 100';

const unproved = 'ended IS NULL AND seen_at IS NULL AND answered_at IS NULL';

function expireFrame(queries: Queries, no: number, now: number): readonly Row[] {
  const due = `frame = ?2 AND ${unproved} AND expires_at <= ?1`;
  const expired = queries.all(`${expire} WHERE ${due} RETURNING id, lane`, now, no);
  const next = `SELECT min(expires_at) FROM outbox WHERE frame = ?1 AND ${unproved}`;
  queries.run(`UPDATE frame SET first_expiry = (${next}) WHERE no = ?1`, no);
  return expired;
}

interface Cancelled {
  readonly lanes: readonly Lane[];
  readonly id: MessageId;
  readonly at: number;
}

/** Only what was never sealed: bytes of the rest may have left. */
export function cancelWaiting(queries: Queries, shared: Shared, { lanes, id, at }: Cancelled): boolean {
  const rows = lanes.flatMap(({ no }) =>
    queries.all(
      `UPDATE outbox SET ended = ${endCodes.cancelled}, ended_at = ?1, ended_by = ${witnessCode('this node')}
       WHERE id = ?2 AND +lane = ?3 AND frame IS NULL AND ended IS NULL
       AND sealed_at IS NULL AND restored_at IS NULL
       RETURNING lane, priority, size`,
      at,
      id,
      no,
    ),
  );
  countWaiting(shared, rows, -1);
  return rows.length > 0 || denyHeld(queries, { lanes, id, at });
}

const rewrittenAtOnce = 100;

interface Rewritten {
  readonly lane: number;
  readonly rewrite: (body: Uint8Array) => Uint8Array;
}

export function rewriteWaiting(queries: Queries, shared: Shared, { lane, rewrite }: Rewritten): void {
  const page = `SELECT seq, body, ended FROM outbox WHERE lane = ? AND seq > ? AND frame IS NULL
    AND (ended IS NULL OR ended = ${endCodes.held}) ORDER BY seq LIMIT ?`;
  let seq = 0;
  let rows: readonly Row[];
  do {
    rows = queries.all(page, lane, seq, rewrittenAtOnce);
    for (const row of rows) {
      seq = int(row, 'seq');
      const before = blob(row, 'body');
      const body = rewrite(before);
      queries.run('UPDATE outbox SET body = ?, size = ? WHERE seq = ?', body, body.length, seq);
      if (row.ended === null) countGrowth(shared, lane, body.length - before.length);
    }
  } while (rows.length === rewrittenAtOnce);
}

export interface PruneOutbox {
  readonly before: number;
  readonly ranMs: number;
}

/** When the message was settled: NULL while it is under way. */
const settledAt = `CASE WHEN o.ended < ${endCodes.settled} THEN o.ended_at
  ELSE coalesce(o.answered_at, o.seen_at, f.delivered_at) END`;

/** Deletes messages that were settled before `before`, then frames that hold none. Returns the number of messages. */
export function pruneOutbox(queries: Queries, shared: Shared, { before, ranMs }: PruneOutbox): number {
  // Rows are not in the order of their times when the clock was set, so that only the run time tells how far to look.
  const end = shared.runTime.seqBefore('outbox', ranMs);
  const deleted = queries.run(
    `DELETE FROM outbox WHERE seq IN (SELECT o.seq FROM outbox o LEFT JOIN frame f ON f.no = o.frame
     WHERE o.seq <= ?1 AND o.seq < (SELECT max(seq) FROM outbox) AND ${settledAt} < ?2 ORDER BY o.seq LIMIT ?3)`,
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
