import type { AgentId } from '#identity';
import type {
  Again,
  Death,
  InboxSender,
  InboxWriter,
  LeasedMessage,
  LeaseQuery,
  NewInboxMessage,
  ReceivedFrame,
  ReviewEnd,
} from '#delivery';
import type { MessageId } from '#protocol';
import { phases, priorityCode, typeCode } from './codes.ts';
import { int, intOrNull, orNull } from './columns.ts';
import { Inbox } from './inbox.ts';
import { completeRows } from './inbox-complete.ts';
import { buryHeld, endReview, hold, holdForReview, unhold } from './inbox-hold.ts';
import { nextOffer, type Offered } from './inbox-lease.ts';
import {
  inQueue,
  isDead,
  isLeased,
  isUnread,
  isWaiting,
  type Queue,
  queueOf,
  queuesOf,
  queueValues,
  slotOf,
} from './inbox-queue.ts';
import { countUnread } from './inbox-unread.ts';
import { type PruneInbox, pruneInbox } from './inbox-upkeep.ts';
import { inboxTables, leasedColumns, leasedMessageOf } from './inbox-row.ts';
import { seqSet } from './seq-set.ts';

interface Found {
  readonly seq: number;
  readonly queue: Queue;
  /** Of the body. */
  readonly bytes: number;
}

export class WritableInbox extends Inbox implements InboxWriter {
  insert(message: NewInboxMessage): boolean {
    const { queries, shared } = this;
    const lane = shared.lanes.ensure(queries, message.agent, message.sender);
    const seq = shared.nextSeq('inbox');
    const inserted = queries.run(
      `INSERT INTO inbox (seq, id, lane, received_at, expires_at, frame_id, conversation_id, correlation_id,
       idempotency_key, replay_of, body)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id, lane) DO NOTHING`,
      seq,
      message.id,
      lane,
      message.receivedAt,
      message.expiresAt,
      message.frameId,
      message.conversationId,
      orNull(message.correlationId),
      orNull(message.idempotencyKey),
      orNull(message.replayOf),
      message.body,
    );
    if (inserted === 0) return false;
    const queue = { lane, phase: phases.fresh, type: typeCode(message.type), priority: priorityCode(message.priority) };
    const sql = 'INSERT INTO inbox_state (seq, lane, phase, type, priority, size) VALUES (?, ?, ?, ?, ?, ?)';
    queries.run(sql, seq, lane, queue.phase, queue.type, queue.priority, message.body.length);
    shared.open.add(lane, slotOf(queue), 1);
    countUnread(shared, { lane, bytes: message.body.length }, 1);
    return true;
  }

  rememberFrame(agent: string, sender: AgentId, frame: ReceivedFrame): void {
    const lane = this.shared.lanes.ensure(this.queries, agent, sender);
    const row = this.queries.get('SELECT max(no) AS no FROM received_frame WHERE lane = ?', lane);
    const no = ((row && intOrNull(row, 'no')) ?? 0) + 1;
    const sql = `INSERT INTO received_frame (lane, no, id, kind, refused) VALUES (?, ?, ?, ?, ?)
      ON CONFLICT (lane, id) DO NOTHING`;
    this.queries.run(sql, lane, no, frame.frameId, frame.kind, orNull(frame.refused));
    this.queries.run('DELETE FROM received_frame WHERE lane = ? AND no <= ?', lane, no - frame.kept);
  }

  hold(from: InboxSender, id: MessageId): void {
    const lane = this.shared.lanes.find(from.agent, from.sender);
    if (lane !== undefined) hold(this.queries, { shared: this.shared, lane, id });
  }

  unhold(from: InboxSender, id: MessageId): boolean {
    const lane = this.shared.lanes.find(from.agent, from.sender);
    return lane !== undefined && unhold(this.queries, { shared: this.shared, lane, id });
  }

  buryHeld(from: InboxSender, id: MessageId, death: Death): boolean {
    const lane = this.shared.lanes.find(from.agent, from.sender);
    return lane !== undefined && buryHeld(this.queries, { shared: this.shared, lane, id }, death);
  }

  holdForReview(from: InboxSender, id: MessageId): void {
    const lane = this.shared.lanes.find(from.agent, from.sender);
    if (lane !== undefined) holdForReview(this.queries, { shared: this.shared, lane, id });
  }

  endReview(from: InboxSender, id: MessageId, then: ReviewEnd): boolean {
    const lane = this.shared.lanes.find(from.agent, from.sender);
    if (lane === undefined || !endReview(this.queries, { shared: this.shared, lane, id }, then.toFiles)) return false;
    this.queries.run(
      'UPDATE inbox SET expires_at = max(expires_at, ?) WHERE id = ? AND lane = ?',
      then.expiresAt,
      id,
      lane,
    );
    return true;
  }

  lease(query: LeaseQuery): readonly LeasedMessage[] {
    const { now, limit } = query;
    const offered = nextOffer(this.queries, {
      queues: this.offered(query),
      now,
      limit,
      quota: this.#quota(query),
      turns: query.turns,
    });
    if (offered.length === 0) return [];
    this.#markLeased(offered, now);
    const messages = new Map(this.#leased(offered).map((message) => [message.seq, message]));
    return offered.map(({ seq }) => messages.get(seq)).filter((message) => message !== undefined);
  }

  markSeen(agent: string, ids: readonly MessageId[], at: number): void {
    const sql = 'UPDATE inbox_state SET seen_at = coalesce(seen_at, ?) WHERE seq = ?';
    for (const { seq } of ids.flatMap((id) => this.#find(agent, id))) this.queries.run(sql, at, seq);
  }

  complete(agent: string, id: MessageId, answerId?: MessageId): void {
    const found = this.#pick(agent, id, () => true);
    if (found === undefined) return;
    this.#move(found, phases.handled);
    const sql = 'UPDATE inbox_state SET phase = 8, not_before = 0, answer_id = coalesce(answer_id, ?) WHERE seq = ?';
    this.queries.run(sql, orNull(answerId), found.seq);
  }

  completeAll(leased: readonly Pick<LeasedMessage, 'seq'>[]): void {
    completeRows(this.queries, this.shared, seqsOf(leased));
  }

  release(agent: string, id: MessageId, again: Again): void {
    const found = this.#pick(agent, id, isLeased);
    if (found === undefined) return;
    const phase = this.#move(found, phases.tried);
    const unseen = again.unseen === true ? ', seen_at = iif(attempts = 1, NULL, seen_at)' : '';
    const sql = `UPDATE inbox_state SET phase = ?, not_before = ?, error = ?, attempts = attempts - ?${unseen} WHERE seq = ?`;
    this.queries.run(sql, phase, again.notBefore, again.error, again.uncounted === true ? 1 : 0, found.seq);
  }

  bury(agent: string, id: MessageId, death: Death): void {
    const found = this.#pick(agent, id, (queue) => isLeased(queue) || isWaiting(queue));
    if (found === undefined) return;
    const phase = this.#move(found, phases.dead);
    const taken =
      death.uncounted === true ? ', attempts = attempts - 1, seen_at = iif(attempts = 1, NULL, seen_at)' : '';
    const sql = `UPDATE inbox_state SET phase = ?, not_before = 0, error = ?, reason = ?, dead_at = ?${taken} WHERE seq = ?`;
    this.queries.run(sql, phase, death.error, death.reason, death.at, found.seq);
  }

  offerAgain(agent: string, id: MessageId, expiresAt: number): boolean {
    const found = this.#pick(agent, id, isDead);
    if (found === undefined) return false;
    // Alone, as one that was tried before: it may be the one that breaks the program.
    const phase = this.#move(found, phases.tried);
    this.queries.run('UPDATE inbox_state SET phase = ?, attempts = 0, not_before = 0 WHERE seq = ?', phase, found.seq);
    this.queries.run('UPDATE inbox SET expires_at = max(expires_at, ?) WHERE seq = ?', expiresAt, found.seq);
    return true;
  }

  purgeDead(
    of: { readonly agent: string; readonly sender?: AgentId },
    ids: readonly MessageId[],
  ): readonly MessageId[] {
    const { agent, sender } = of;
    const only = sender === undefined ? undefined : this.shared.lanes.find(agent, sender);
    return ids.filter((id) => {
      const found = this.#pick(agent, id, (queue) => isDead(queue) && (sender === undefined || queue.lane === only));
      if (found === undefined) return false;
      this.#move(found, phases.handled);
      this.queries.run('UPDATE inbox_state SET phase = ? WHERE seq = ?', phases.handled, found.seq);
      return true;
    });
  }

  releaseAll(): number {
    let released = 0;
    for (const queue of queuesOf(this.shared, this.shared.lanes.all).filter(isLeased)) {
      const phase = queue.phase - phases.leased + phases.tried;
      const moved = this.queries.run(
        `UPDATE inbox_state SET phase = ?5 WHERE ${inQueue}`,
        ...queueValues(queue),
        phase,
      );
      this.#count(queue, phase, moved);
      released += moved;
    }
    return released;
  }

  markRead(agent: string, ids: readonly MessageId[], at: number): void {
    for (const found of ids.flatMap((id) => this.#find(agent, id))) {
      const { seq, queue } = found;
      const phase = queue.phase < phases.read ? queue.phase + phases.read : queue.phase;
      this.#moveTo(found, phase);
      this.queries.run(
        'UPDATE inbox_state SET phase = ?, read_at = coalesce(read_at, ?) WHERE seq = ?',
        phase,
        at,
        seq,
      );
    }
  }

  prune(options: PruneInbox): number {
    return pruneInbox(this.queries, this.shared, options);
  }

  /** How many messages of a lane may be leased; lanes that are not in it have no bound. */
  #quota({ agent, senders }: LeaseQuery): Map<number, number> {
    const quota = new Map<number, number>();
    for (const [peer, most] of senders ?? []) {
      const lane = most === Infinity ? undefined : this.shared.lanes.find(agent, peer);
      if (lane !== undefined) quota.set(lane, most);
    }
    return quota;
  }

  #leased(offered: readonly Offered[]): readonly LeasedMessage[] {
    const { condition, values } = seqSet('i.seq', seqsOf(offered));
    const rows = this.queries.all(`SELECT ${leasedColumns} FROM ${inboxTables} WHERE ${condition}`, ...values);
    return rows.map((row) => leasedMessageOf(row, this.shared.lanes));
  }

  #markLeased(offered: readonly Offered[], now: number): void {
    const { condition, values } = seqSet('seq', seqsOf(offered));
    // Leased to the agent is what `seen` means.
    this.queries.run(
      `UPDATE inbox_state SET phase = phase - phase % 4 + ${phases.leased}, attempts = attempts + 1, not_before = 0,
       seen_at = coalesce(seen_at, ?) WHERE ${condition}`,
      now,
      ...values,
    );
    const counts = new Map<Queue, number>();
    for (const { queue } of offered) counts.set(queue, (counts.get(queue) ?? 0) + 1);
    for (const [queue, count] of counts)
      this.#count(queue, queue.phase - (queue.phase % phases.read) + phases.leased, count);
  }

  #find(agent: string, id: MessageId): readonly Found[] {
    const sql = `SELECT s.seq, s.lane, s.phase, s.type, s.priority, s.size FROM inbox i JOIN inbox_state s ON s.seq = i.seq
      WHERE i.id = ?`;
    const rows = this.queries.all(sql, id);
    const found = rows.map((row) => ({ seq: int(row, 'seq'), queue: queueOf(row), bytes: int(row, 'size') }));
    return found.filter(({ queue }) => this.shared.lanes.at(queue.lane).agent === agent);
  }

  /** Two senders may have used one id: the message that a program holds is meant before the one that waits. */
  #pick(agent: string, id: MessageId, matches: (queue: Queue) => boolean): Found | undefined {
    const found = this.#find(agent, id).filter(({ queue }) => matches(queue));
    return found.find(({ queue }) => isLeased(queue)) ?? found.find(({ queue }) => isWaiting(queue)) ?? found[0];
  }

  /** Counts a message into its new phase, which keeps whether it was read. */
  #move(found: Found, to: number): number {
    const { queue } = found;
    const phase =
      to === phases.handled ? to : to + (queue.phase < phases.handled ? queue.phase - (queue.phase % phases.read) : 0);
    this.#moveTo(found, phase);
    return phase;
  }

  #moveTo({ queue, bytes }: Found, phase: number): void {
    this.#count(queue, phase, 1);
    if (isUnread(queue) && phase >= phases.read) countUnread(this.shared, { lane: queue.lane, bytes }, -1);
  }

  #count(queue: Queue, phase: number, count: number): void {
    if (phase === queue.phase) return;
    if (queue.phase < phases.handled) this.shared.open.add(queue.lane, slotOf(queue), -count);
    if (phase < phases.handled) this.shared.open.add(queue.lane, slotOf({ ...queue, phase }), count);
  }
}

const seqsOf = (rows: readonly { readonly seq: number }[]): readonly number[] =>
  rows.map(({ seq }) => seq).toSorted((a, b) => a - b);
