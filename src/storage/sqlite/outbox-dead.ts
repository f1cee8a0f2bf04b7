import type { DeadLetterCount, DeadLetterQuery, Revived } from '#delivery';
import type { ErrorCode } from '#kernel';
import type { MessageId } from '#protocol';
import { endCodes } from './codes.ts';
import { int, orNull, text } from './columns.ts';
import type { Queries, Row } from './database.ts';
import type { Lane } from './lanes.ts';
import { outboxColumns, outboxTables } from './outbox-row.ts';
import { countWaiting } from './outbox-waiting.ts';
import { firstSeqSince } from './seq-search.ts';
import type { Shared } from './shared.ts';

/** Ended without having reached the agent, and not said again: the partial index `outbox_dead`. */
const isDead = (o = ''): string => `${o}ended < ${endCodes.cancelled} AND ${o}replayed_by IS NULL`;
/** Given up while the peer is away: the partial index `outbox_given_up`. */
const isGivenUp = (o = ''): string => `${o}given_up_at IS NOT NULL AND ${o}revived_at IS NULL AND ${o}ended IS NULL`;
/** Nothing says that the peer has it. */
const unproved = 'ended IS NULL AND seen_at IS NULL AND answered_at IS NULL';
const reasonOf = "coalesce(reason, 'EXPIRED')";
/** A bound on how long one call holds everything else up. */
const atOnce = 10_000;

const select = `SELECT ${outboxColumns} FROM ${outboxTables} WHERE o.lane = ?1 AND o.seq < ?2`;
const endedLetters = `${select} AND ${isDead('o.')} AND (?3 IS NULL OR coalesce(o.reason, 'EXPIRED') = ?3)
  AND (?4 IS NULL OR o.ended_at < ?4) ORDER BY o.seq DESC LIMIT ?5`;
const givenUpLetters = `${select} AND ${isGivenUp('o.')} AND (?3 IS NULL OR ?3 = 'UNREACHABLE')
  AND (?4 IS NULL OR o.given_up_at < ?4) ORDER BY o.seq DESC LIMIT ?5`;

/** Newest first. */
export function deadOutboxLetters(queries: Queries, lanes: readonly Lane[], query: DeadLetterQuery): readonly Row[] {
  const { belowSeq = Number.MAX_SAFE_INTEGER, reason, before, limit } = query;
  const rows = lanes.flatMap(({ no }) =>
    [endedLetters, givenUpLetters].flatMap((sql) =>
      queries.all(sql, no, belowSeq, orNull(reason), orNull(before), limit),
    ),
  );
  return rows.sort((a, b) => int(b, 'seq') - int(a, 'seq')).slice(0, limit);
}

/** Reads the index only. */
export function deadOutboxCounts(queries: Queries, { no, peer }: Lane): readonly DeadLetterCount[] {
  const sql = `SELECT ${reasonOf} AS why, count(*) AS n FROM outbox WHERE lane = ? AND ${isDead()} GROUP BY why`;
  const counts = queries.all(sql, no).map((row) => countOf(row, peer));
  const givenUp = queries.get(`SELECT count(*) AS n FROM outbox WHERE lane = ? AND ${isGivenUp()}`, no);
  const waiting = givenUp === undefined ? 0 : int(givenUp, 'n');
  return waiting === 0 ? counts : [...counts, { peer, reason: 'UNREACHABLE', count: waiting }];
}

export function countOf(row: Row, peer: Lane['peer']): DeadLetterCount {
  return { peer, reason: text(row, 'why') as ErrorCode, count: int(row, 'n') };
}

export interface Accepted {
  readonly from: number;
  readonly until: number;
  readonly at: number;
}

/** Only rows of that time are looked at, so that a long queue is walked through once. */
export function giveUp(queries: Queries, lane: number, { from, until, at }: Accepted): readonly MessageId[] {
  const search = { table: 'outbox', column: 'created_at' } as const;
  const first = firstSeqSince(queries, { ...search, time: from });
  const end = firstSeqSince(queries, { ...search, time: until + 1 });
  const due = `seq >= ?2 AND seq <= ?3 AND created_at <= ?4 AND ${unproved}
    AND (given_up_at IS NULL OR revived_at IS NOT NULL)`;
  const waiting = [0, 1, 2].map(
    (priority) => `SELECT seq FROM outbox WHERE lane = ?1 AND priority = ${priority} AND frame IS NULL AND ${due}`,
  );
  const sealed = `SELECT seq FROM outbox WHERE frame IN (SELECT no FROM frame WHERE lane = ?1 AND open = 1
    AND delivered_at IS NULL AND stored_at IS NULL) AND ${due}`;
  const rows = queries.all(
    `UPDATE outbox SET given_up_at = ?5, revived_at = NULL WHERE seq IN (
     ${[...waiting, sealed].join(' UNION ALL ')} LIMIT ${atOnce}) RETURNING id`,
    lane,
    first,
    end,
    until,
    at,
  );
  return rows.map(idOf);
}

export interface Reviving {
  readonly at: number;
  readonly ids?: readonly MessageId[];
}

export function revive(queries: Queries, lane: number, { at, ids }: Reviving): readonly Revived[] {
  const rows = queries.all(
    `UPDATE outbox SET revived_at = ?1 WHERE seq IN (SELECT seq FROM outbox WHERE lane = ?2 AND ${isGivenUp()}
     AND (?3 IS NULL OR id IN (SELECT value FROM json_each(?3))) ORDER BY seq LIMIT ${atOnce})
     RETURNING id, (SELECT sent_at FROM frame WHERE no = outbox.frame) AS sent_at`,
    at,
    lane,
    ids === undefined ? null : JSON.stringify(ids),
  );
  return rows.map((row) => ({ id: idOf(row), state: row.sent_at === null ? 'queued' : 'sent' }));
}

interface Ids {
  readonly lanes: readonly Lane[];
  readonly ids: readonly MessageId[];
}

/** Those in an open frame stay: what the peer says about them is still to come. */
export function purgeOutbox(queries: Queries, shared: Shared, { lanes, ids }: Ids): readonly MessageId[] {
  const purged = lanes.flatMap(({ no }) => {
    const rows = queries.all(
      `DELETE FROM outbox WHERE id IN (SELECT value FROM json_each(?1)) AND +lane = ?2 AND ((${isDead()}) OR (${isGivenUp()}))
       AND (frame IS NULL OR frame NOT IN (SELECT no FROM frame WHERE lane = ?2 AND open = 1))
       RETURNING id, lane, priority, size, frame, ended`,
      JSON.stringify(ids),
      no,
    );
    countWaiting(
      shared,
      rows.filter((row) => row.frame === null && row.ended === null),
      -1,
    );
    return rows;
  });
  return purged.map(idOf);
}

const idOf = (row: Row): MessageId => text(row, 'id') as MessageId;
