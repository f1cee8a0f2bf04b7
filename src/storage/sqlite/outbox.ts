import type { AgentId } from '#identity';
import type {
  DeadLetterCount,
  DeadLetterQuery,
  KeyWindow,
  OutboxFrame,
  OutboxMessage,
  OutboxQuery,
  OutboxReader,
  PeerDepth,
  QueuedReceipt,
  QueueSize,
} from '#delivery';
import type { MessageId } from '#protocol';
import { endCodes } from './codes.ts';
import { int, intOrNull } from './columns.ts';
import type { Queries, Row } from './database.ts';
import type { Lane } from './lanes.ts';
import { deadOutboxCounts, deadOutboxLetters } from './outbox-dead.ts';
import { outboxColumns, outboxFrameOf, outboxMessageOf, outboxTables, queuedReceiptOf } from './outbox-row.ts';
import { readWaiting, type WaitingQuery, waitingInAll, waitingOf, waitingRows } from './outbox-waiting.ts';
import { windowValues, withinWindow } from './run-time.ts';
import type { Shared } from './shared.ts';

const maxMatches = 10;
/** Sorts after every continuation of a prefix. */
const last = '\u{10ffff}';

const select = `SELECT ${outboxColumns} FROM ${outboxTables}`;

/** Reads of the outbox. `queries` is the connection, or the open transaction. */
export class Outbox implements OutboxReader {
  readonly #queries: Queries;
  readonly #shared: Shared;

  constructor(queries: Queries, shared: Shared) {
    this.#queries = queries;
    this.#shared = shared;
  }

  message(agent: string, id: MessageId): OutboxMessage | undefined {
    const row = this.queries.get(`${select} WHERE o.id = ?`, id);
    const message = row === undefined ? undefined : this.#message(row);
    return message?.agent === agent ? message : undefined;
  }

  messagesByPrefix(agent: string, prefix: string): readonly OutboxMessage[] {
    const found: OutboxMessage[] = [];
    for (const row of this.queries.each(
      `${select} WHERE o.id >= ? AND o.id < ? ORDER BY o.id`,
      prefix,
      prefix + last,
    )) {
      const message = this.#message(row);
      if (message.agent === agent) found.push(message);
      if (found.length === maxMatches) break;
    }
    return found;
  }

  byIdempotencyKey(query: {
    readonly agent: string;
    readonly peer: AgentId;
    readonly key: string;
    readonly window: KeyWindow;
  }): OutboxMessage | undefined {
    const lane = this.shared.lanes.find(query.agent, query.peer);
    if (lane === undefined) return undefined;
    const sql = `${select} WHERE o.lane = ? AND o.idempotency_key = ? AND ${withinWindow('o.seq', 'o.created_at')}
      AND coalesce(o.ended, 0) <> ${endCodes.cancelled} ORDER BY o.seq LIMIT 1`;
    const row = this.queries.get(sql, lane, query.key, ...windowValues(this.shared.runTime, 'outbox', query.window));
    return row === undefined ? undefined : this.#message(row);
  }

  list(query: OutboxQuery): readonly OutboxMessage[] {
    const states = query.states === undefined ? null : JSON.stringify(query.states);
    const sql = `${select} WHERE o.lane = ?1 ${narrowing(query)}
      AND (?2 IS NULL OR state IN (SELECT value FROM json_each(?2)))
      ORDER BY o.seq DESC LIMIT ?3`;
    const found = this.#lanesOf(query).flatMap(({ no }) => this.queries.all(sql, no, states, query.limit));
    found.sort((a, b) => int(b, 'seq') - int(a, 'seq'));
    return found.slice(0, query.limit).map((row) => this.#message(row));
  }

  deadLetters(query: DeadLetterQuery): readonly OutboxMessage[] {
    const rows = deadOutboxLetters(this.queries, this.#lanesOf(query), query);
    return rows.map((row) => this.#message(row));
  }

  deadCounts(agent: string): readonly DeadLetterCount[] {
    return this.shared.lanes.of(agent).flatMap((lane) => deadOutboxCounts(this.queries, lane));
  }

  waiting(
    query: Omit<WaitingQuery, 'lane'> & { readonly agent: string; readonly peer: AgentId },
  ): readonly OutboxMessage[] {
    const lane = this.shared.lanes.find(query.agent, query.peer);
    if (lane === undefined) return [];
    return readWaiting(this.queries, this.shared, { ...query, lane }).map((row) => this.#message(row));
  }

  waitingCount(agent: string, peer: AgentId): number {
    return this.waitingFor(agent, peer).messages;
  }

  waitingFor(agent: string, peer: AgentId): QueueSize {
    const lane = this.shared.lanes.find(agent, peer);
    return lane === undefined ? { messages: 0, bytes: 0 } : waitingOf(this.shared, lane);
  }

  waitingInAll(): QueueSize {
    return waitingInAll(this.shared);
  }

  frames(agent: string, peer: AgentId): readonly OutboxFrame[] {
    const lane = this.shared.lanes.find(agent, peer);
    if (lane === undefined) return [];
    const sql = `SELECT f.*, b.bytes FROM frame f JOIN frame_bytes b ON b.frame = f.no
      WHERE f.lane = ? AND f.open = 1 ORDER BY f.no`;
    return this.queries.all(sql, lane).map((row) => outboxFrameOf(row, this.shared.lanes));
  }

  receipts(query: {
    readonly agent: string;
    readonly peer: AgentId;
    readonly limit: number;
  }): readonly QueuedReceipt[] {
    const lane = this.shared.lanes.find(query.agent, query.peer);
    if (lane === undefined) return [];
    const sql = 'SELECT seq, body FROM receipt WHERE lane = ? AND frame IS NULL ORDER BY seq LIMIT ?';
    return this.queries.all(sql, lane, query.limit).map(queuedReceiptOf);
  }

  peersWithWork(agent: string): readonly AgentId[] {
    const sql = `SELECT EXISTS (SELECT 1 FROM outbox o WHERE o.lane = ?1 AND ${waitingRows})
      OR EXISTS (SELECT 1 FROM frame WHERE lane = ?1 AND open = 1)
      OR EXISTS (SELECT 1 FROM receipt WHERE lane = ?1 AND frame IS NULL) AS work`;
    const busy = this.shared.lanes.of(agent).filter(({ no }) => this.queries.get(sql, no)?.work === 1);
    return busy.map(({ peer }) => peer);
  }

  depths(agent: string): readonly PeerDepth[] {
    return this.shared.lanes
      .of(agent)
      .map((lane) => this.#depth(lane))
      .filter(({ waiting, inFlight }) => waiting > 0 || inFlight > 0);
  }

  protected get shared(): Shared {
    this.#queries.check();
    return this.#shared;
  }

  /** Overridden by the writer, which holds back rows that a read must see. */
  protected get queries(): Queries {
    return this.#queries;
  }

  #depth({ agent, peer, no }: Lane): PeerDepth {
    const frames = this.queries.get(
      'SELECT count(*) AS n, min(created_at) AS oldest FROM frame WHERE lane = ? AND open = 1',
      no,
    );
    const oldest = [0, 1, 2].map((priority) =>
      this.queries.get(
        `SELECT created_at AS oldest FROM outbox o WHERE lane = ? AND priority = ? AND ${waitingRows}
         ORDER BY seq LIMIT 1`,
        no,
        priority,
      ),
    );
    const times = [frames, ...oldest].map((row) => (row === undefined ? null : intOrNull(row, 'oldest')));
    const known = times.filter((time) => time !== null);
    return {
      peer,
      waiting: this.waitingCount(agent, peer),
      inFlight: frames === undefined ? 0 : int(frames, 'n'),
      ...(known.length === 0 ? {} : { oldestAt: Math.min(...known) }),
    };
  }

  #lanesOf(query: { readonly agent: string; readonly peer?: AgentId }): readonly Lane[] {
    const lanes = this.shared.lanes.of(query.agent);
    return query.peer === undefined ? lanes : lanes.filter(({ peer }) => peer === query.peer);
  }

  #message(row: Row): OutboxMessage {
    return outboxMessageOf(row, this.shared.lanes);
  }
}

const underWay: ReadonlySet<string> = new Set(['queued', 'sent', 'dead']);
const ended: ReadonlySet<string> = new Set(['refused', 'expired', 'cancelled']);

/** States that only few rows can be in are looked for by an index, so that a long history does not have to be read. */
function narrowing({ states }: OutboxQuery): string {
  if (states === undefined) return '';
  if (states.every((state) => ended.has(state))) return 'AND o.ended IS NOT NULL';
  if (states.every((state) => underWay.has(state))) {
    return `AND (${waitingRows} OR o.frame IN (SELECT no FROM frame WHERE lane = ?1 AND delivered_at IS NULL))`;
  }
  return '';
}
