import { type ErrorCode, isErrorCode } from '#kernel';
import type { AgentId } from '#identity';
import type {
  DeadLetterCount,
  DeadLetterQuery,
  InboxMessage,
  InboxQuery,
  InboxReader,
  KeyWindow,
  OfferQuery,
  QueueSize,
} from '#delivery';
import type { FrameId, MessageId, MessageType } from '#protocol';
import { typeCode } from './codes.ts';
import { int } from './columns.ts';
import type { Queries } from './database.ts';
import { deadInboxCounts, deadInboxSeqs } from './inbox-dead.ts';
import {
  inQueue,
  isDead,
  isLeased,
  isTried,
  isUnread,
  isWaiting,
  type Queue,
  queuesOf,
  queueValues,
  slotOf,
} from './inbox-queue.ts';
import { reviewUntil } from './inbox-hold.ts';
import { inboxColumns, inboxMessageOf, inboxTables } from './inbox-row.ts';
import { unreadInAll, unreadOf } from './inbox-unread.ts';
import type { Lane } from './lanes.ts';
import { windowValues, withinWindow } from './run-time.ts';
import { seqSet } from './seq-set.ts';
import type { Shared } from './shared.ts';

const maxMatches = 10;
const last = '\u{10ffff}';
const select = `SELECT ${inboxColumns} FROM ${inboxTables}`;

/** Reads of the inbox. `queries` is the connection, or the open transaction. */
export class Inbox implements InboxReader {
  protected readonly queries: Queries;
  readonly #shared: Shared;

  constructor(queries: Queries, shared: Shared) {
    this.queries = queries;
    this.#shared = shared;
  }

  message(agent: string, id: MessageId): InboxMessage | undefined {
    const rows = this.queries.all(`${select} WHERE i.id = ? ORDER BY i.seq`, id);
    return rows.map((row) => inboxMessageOf(row, this.shared.lanes)).find((message) => message.agent === agent);
  }

  messagesByPrefix(agent: string, prefix: string): readonly InboxMessage[] {
    const found: InboxMessage[] = [];
    for (const row of this.queries.each(
      `${select} WHERE i.id >= ? AND i.id < ? ORDER BY i.id`,
      prefix,
      prefix + last,
    )) {
      const message = inboxMessageOf(row, this.shared.lanes);
      if (message.agent === agent) found.push(message);
      if (found.length === maxMatches) break;
    }
    return found;
  }

  list(query: InboxQuery): readonly InboxMessage[] {
    const { agent, sender, limit, afterSeq } = query;
    const lanes = this.shared.lanes.of(agent).filter(({ peer }) => sender === undefined || peer === sender);
    const seqs = query.unread === true ? this.#unreadSeqs(query, lanes) : this.#seqs(query, lanes);
    seqs.sort((a, b) => (afterSeq === undefined ? b - a : a - b));
    const messages = this.messagesAt(seqs.slice(0, limit));
    return afterSeq === undefined ? messages.toReversed() : messages;
  }

  hasFrame(agent: string, sender: AgentId, frameId: FrameId): boolean {
    const lane = this.shared.lanes.find(agent, sender);
    if (lane === undefined) return false;
    return this.queries.get('SELECT 1 FROM received_frame WHERE lane = ? AND id = ?', lane, frameId) !== undefined;
  }

  refusalOfFrame(agent: string, sender: AgentId, frameId: FrameId): ErrorCode | undefined {
    const lane = this.shared.lanes.find(agent, sender);
    const sql = 'SELECT refused FROM received_frame WHERE lane = ? AND id = ?';
    const refused = lane === undefined ? undefined : this.queries.get(sql, lane, frameId)?.refused;
    return isErrorCode(refused) ? refused : undefined;
  }

  counts(agent: string): {
    readonly unread: number;
    readonly waiting: number;
    readonly leased: number;
    readonly dead: number;
  } {
    const queues = queuesOf(this.shared, this.shared.lanes.of(agent));
    const count = (matches: (queue: Queue) => boolean): number =>
      queues.filter(matches).reduce((sum, queue) => sum + this.shared.open.get(queue.lane, slotOf(queue)), 0);
    return { unread: count(isUnread), waiting: count(isWaiting), leased: count(isLeased), dead: count(isDead) };
  }

  waitingSenders(agent: string, types: readonly MessageType[]): readonly AgentId[] {
    const { lanes, open } = this.shared;
    const codes = new Set(types.map(typeCode));
    const busy = [...open.lanes].map((no) => lanes.at(no)).filter((lane) => lane.agent === agent);
    const waits = (queue: Queue): boolean => isWaiting(queue) && codes.has(queue.type);
    return busy.filter((lane) => queuesOf(this.shared, [lane]).some(waits)).map(({ peer }) => peer);
  }

  nextOffer(query: OfferQuery): number | undefined {
    const waiting = this.offered(query);
    if (waiting.length === 0) return undefined;
    if (!waiting.every(isTried)) return 0;
    const sql = `SELECT not_before FROM inbox_state WHERE ${inQueue} AND not_before < ${reviewUntil} ORDER BY not_before LIMIT 1`;
    const times = waiting.map((queue) => this.queries.get(sql, ...queueValues(queue)));
    const earliest = Math.min(...times.map((row) => (row === undefined ? Infinity : int(row, 'not_before'))));
    return Number.isFinite(earliest) ? earliest : undefined;
  }

  firstByIdempotencyKey(query: {
    readonly agent: string;
    readonly sender: AgentId;
    readonly key: string;
    readonly window: KeyWindow;
  }): InboxMessage | undefined {
    const lane = this.shared.lanes.find(query.agent, query.sender);
    if (lane === undefined) return undefined;
    const sql = `${select} WHERE i.lane = ? AND i.idempotency_key = ? AND ${withinWindow('i.seq', 'i.received_at')}
      ORDER BY i.seq LIMIT 1`;
    const row = this.queries.get(sql, lane, query.key, ...windowValues(this.shared.runTime, 'inbox', query.window));
    return row === undefined ? undefined : inboxMessageOf(row, this.shared.lanes);
  }

  sameAs(agent: string, sender: AgentId, original: MessageId): InboxMessage | undefined {
    const lane = this.shared.lanes.find(agent, sender);
    if (lane === undefined) return undefined;
    const itself = this.queries.get(`${select} WHERE i.id = ? AND i.lane = ?`, original, lane);
    const row = itself ?? this.queries.get(`${select} WHERE i.replay_of = ? AND i.lane = ? LIMIT 1`, original, lane);
    return row === undefined ? undefined : inboxMessageOf(row, this.shared.lanes);
  }

  unreadFrom(agent: string, sender: AgentId): QueueSize {
    const lane = this.shared.lanes.find(agent, sender);
    return lane === undefined ? { messages: 0, bytes: 0 } : unreadOf(this.shared, lane);
  }

  unreadInAll(): QueueSize {
    return unreadInAll(this.shared);
  }

  deadLetters(query: DeadLetterQuery): readonly InboxMessage[] {
    const lanes = this.shared.lanes
      .of(query.agent)
      .filter(({ peer }) => query.peer === undefined || peer === query.peer);
    return this.messagesAt(deadInboxSeqs(this.queries, this.shared, { ...query, lanes })).toReversed();
  }

  deadCounts(agent: string): readonly DeadLetterCount[] {
    return this.shared.lanes.of(agent).flatMap((lane) => deadInboxCounts(this.queries, this.shared, lane));
  }

  protected get shared(): Shared {
    this.queries.check();
    return this.#shared;
  }

  /** The queues that a handler may be offered something of. */
  protected offered({ agent, types, senders }: OfferQuery): readonly Queue[] {
    const { lanes } = this.shared;
    const codes = new Set(types.map(typeCode));
    const offering = senders === undefined ? lanes.of(agent) : lanes.among(agent, senders.keys());
    return queuesOf(this.shared, offering).filter((queue) => isWaiting(queue) && codes.has(queue.type));
  }

  /** In order of `seq`. */
  protected messagesAt(seqs: readonly number[]): readonly InboxMessage[] {
    if (seqs.length === 0) return [];
    const { condition, values } = seqSet(
      'i.seq',
      seqs.toSorted((a, b) => a - b),
    );
    const sql = `${select} WHERE ${condition} ORDER BY i.seq`;
    return this.queries.all(sql, ...values).map((row) => inboxMessageOf(row, this.shared.lanes));
  }

  /** At most `limit` of each lane: the best of all are among them. */
  #seqs({ limit, afterSeq }: InboxQuery, lanes: readonly Lane[]): number[] {
    const sql =
      afterSeq === undefined
        ? 'SELECT seq FROM inbox WHERE lane = ?1 AND seq > ?2 ORDER BY seq DESC LIMIT ?3'
        : 'SELECT seq FROM inbox WHERE lane = ?1 AND seq > ?2 ORDER BY seq LIMIT ?3';
    return lanes.flatMap(({ no }) => this.queries.all(sql, no, afterSeq ?? 0, limit).map((row) => int(row, 'seq')));
  }

  #unreadSeqs({ limit, afterSeq }: InboxQuery, lanes: readonly Lane[]): number[] {
    const order = afterSeq === undefined ? 'DESC' : 'ASC';
    const inOrder = `SELECT seq FROM inbox_state WHERE ${inQueue} AND not_before = 0 AND seq > ?5
      ORDER BY seq ${order} LIMIT ?6`;
    const sorted = `SELECT seq FROM inbox_state WHERE ${inQueue} AND seq > ?5 ORDER BY seq ${order} LIMIT ?6`;
    const unread = queuesOf(this.shared, lanes).filter(isUnread);
    return unread.flatMap((queue) => {
      // Only messages that were tried have a time before which they are not offered.
      const sql = isTried(queue) ? sorted : inOrder;
      return this.queries.all(sql, ...queueValues(queue), afterSeq ?? 0, limit).map((row) => int(row, 'seq'));
    });
  }
}
