import type { ErrorCode } from '#kernel';
import type { AgentId } from '#identity';
import type { EndWitness, NewOutboxFrame, NewOutboxMessage, OutboxWriter, QueueSize, Revived } from '#delivery';
import type { FrameId, MessageId, Receipt } from '#protocol';
import { endCodes, priorityCode, typeCode, witnessCode } from './codes.ts';
import { finiteOrNull, int, orNull, text } from './columns.ts';
import type { Queries, Row } from './database.ts';
import { Outbox } from './outbox.ts';
import { type Accepted, giveUp, purgeOutbox, revive, type Reviving } from './outbox-dead.ts';
import { denyHeld, releaseHeld } from './outbox-held.ts';
import { insertFrameRow, unsealFrame } from './outbox-frames.ts';
import { applyReceipt, endCodeOf } from './outbox-receipts.ts';
import { cancelWaiting, expireOutbox, pruneOutbox, type PruneOutbox, rewriteWaiting } from './outbox-upkeep.ts';
import { countWaiting } from './outbox-waiting.ts';
import type { Scope } from './scope.ts';
import type { Shared } from './shared.ts';

interface Peer {
  readonly agent: string;
  readonly peer: AgentId;
}

interface Refused {
  readonly code: ErrorCode;
  readonly at: number;
}

interface Held {
  readonly seq: number;
  readonly lane: number;
  readonly message: NewOutboxMessage;
}

/**
 * Writes of the outbox. Rows are held back until they are read or the work ends: a message that is sealed in the
 * transaction that accepted it is then written once, with its frame.
 */
export class WritableOutbox extends Outbox implements OutboxWriter {
  readonly #scope: Scope;
  readonly #held = new Map<MessageId, Held>();

  constructor(scope: Scope, shared: Shared) {
    super(scope, shared);
    this.#scope = scope;
    scope.hold(() => this.#flush());
  }

  protected override get queries(): Queries {
    this.#scope.flush();
    return this.#scope;
  }

  override waitingFor(agent: string, peer: AgentId): QueueSize {
    this.#scope.flush();
    return super.waitingFor(agent, peer);
  }

  override waitingInAll(): QueueSize {
    this.#scope.flush();
    return super.waitingInAll();
  }

  insert(message: NewOutboxMessage): number {
    // The same id twice: let the database refuse the second.
    if (this.#held.has(message.id)) this.#scope.flush();
    const seq = this.shared.nextSeq('outbox');
    const lane = this.shared.lanes.ensure(this.#scope, message.agent, message.peer);
    this.#held.set(message.id, { seq, lane, message });
    return seq;
  }

  insertFrame(sealed: NewOutboxFrame): void {
    const { agent, peer, messageIds, receiptSeqs } = sealed;
    const lane = this.shared.lanes.ensure(this.#scope, agent, peer);
    const held = messageIds.map((id) => this.#held.get(id)).filter((row) => row?.lane === lane);
    const expiry = Math.min(...held.map((row) => row?.message.expiresAt ?? Infinity));
    const no = insertFrameRow(this.#scope, sealed, { lane, expiry });
    for (const row of held) {
      if (row !== undefined) this.#write(row, no);
    }
    if (held.length < messageIds.length) this.#bind({ no, lane, messageIds, expiry });
    if (receiptSeqs.length > 0) {
      const sql = 'UPDATE receipt SET frame = ? WHERE seq IN (SELECT value FROM json_each(?)) AND +lane = ?';
      this.#scope.run(sql, no, JSON.stringify(receiptSeqs), lane);
    }
  }

  markSent(frameId: FrameId, sent: { readonly at: number; readonly route: string }): readonly MessageId[] {
    const sql = `UPDATE frame SET attempts = attempts + 1, sent_at = coalesce(sent_at, ?1),
      first_route = coalesce(first_route, ?2), resent_at = ?1, route = ?2 WHERE id = ?3 RETURNING no, stored_at, delivered_at`;
    const [frame] = this.queries.all(sql, sent.at, sent.route, frameId);
    return frame === undefined || frame.stored_at !== null ? [] : this.#unproved(frame);
  }

  markStored(frameId: FrameId, stored: { readonly at: number; readonly by: AgentId }): readonly MessageId[] {
    const sql = `UPDATE frame SET stored_at = ?1, stored_by = ?2 WHERE id = ?3 AND stored_at IS NULL
      RETURNING no, delivered_at`;
    const [frame] = this.queries.all(sql, stored.at, stored.by, frameId);
    return frame === undefined ? [] : this.#unproved(frame);
  }

  acknowledge(frameId: FrameId): void {
    const frame = this.queries.get('SELECT no, messages FROM frame WHERE id = ? AND open = 1', frameId);
    if (frame !== undefined) this.#close(frame);
  }

  refuseFrame(frameId: FrameId, refused: Refused): readonly MessageId[] {
    const frame = this.queries.get('SELECT no, messages, delivered_at FROM frame WHERE id = ?', frameId);
    if (frame === undefined) return [];
    const rows =
      frame.delivered_at === null
        ? this.queries.all(`${refuse} AND frame = ?5 RETURNING id`, ...endOf(refused, 'link'), int(frame, 'no'))
        : [];
    this.#close(frame);
    return rows.map(idOf);
  }

  unseal(agent: string, groupId: string): readonly MessageId[] {
    const waiting: MessageId[] = [];
    for (const { no: lane } of this.shared.lanes.of(agent)) {
      const undelivered = 'SELECT no FROM frame WHERE lane = ? AND delivered_at IS NULL AND group_id = ?';
      for (const frame of this.queries.all(undelivered, lane, groupId)) {
        waiting.push(...unsealFrame(this.queries, this.shared, int(frame, 'no')));
      }
      const delivered = 'SELECT no, messages FROM frame WHERE lane = ? AND open = 1 AND group_id = ?';
      for (const frame of this.queries.all(delivered, lane, groupId)) this.#close(frame);
    }
    return waiting;
  }

  unsealAll(agent: string): number {
    const sql = 'SELECT DISTINCT group_id FROM frame WHERE lane = ? AND (delivered_at IS NULL OR open = 1)';
    const groups = this.shared.lanes
      .of(agent)
      .flatMap(({ no }) => this.queries.all(sql, no).map((row) => text(row, 'group_id')));
    return [...new Set(groups)].reduce((waiting, groupId) => waiting + this.unseal(agent, groupId).length, 0);
  }

  markRestored(agent: string, at: number): void {
    const sql = 'UPDATE outbox SET restored_at = ? WHERE lane = ? AND frame IS NULL AND ended IS NULL';
    for (const { no } of this.shared.lanes.of(agent)) this.queries.run(sql, at, no);
  }

  applyReceipt(from: Peer, receipt: Receipt): readonly MessageId[] {
    const lane = this.shared.lanes.find(from.agent, from.peer);
    return lane === undefined ? [] : applyReceipt(this.queries, this.shared, { lane, receipt });
  }

  queueReceipt(to: Peer, receipt: Receipt): void {
    const lane = this.shared.lanes.ensure(this.#scope, to.agent, to.peer);
    this.#scope.run('INSERT INTO receipt (lane, body) VALUES (?, ?)', lane, JSON.stringify(receipt));
  }

  withdrawAnswered(to: Peer, answerId: MessageId): boolean {
    const sql = `DELETE FROM receipt WHERE lane = ? AND frame IS NULL
      AND body ->> '$.kind' = 'answered' AND body ->> '$.answerId' = ?`;
    const lane = this.shared.lanes.find(to.agent, to.peer);
    return lane !== undefined && this.queries.run(sql, lane, answerId) > 0;
  }

  expire(now: number): readonly { readonly agent: string; readonly peer: AgentId; readonly id: MessageId }[] {
    return expireOutbox(this.queries, this.shared, now);
  }

  cancel(agent: string, id: MessageId, at: number): boolean {
    return cancelWaiting(this.queries, this.shared, { lanes: this.shared.lanes.of(agent), id, at });
  }

  release(agent: string, id: MessageId): boolean {
    return releaseHeld(this.queries, this.shared, { lanes: this.shared.lanes.of(agent), id });
  }

  deny(agent: string, id: MessageId, denied: Refused): boolean {
    return denyHeld(this.queries, { lanes: this.shared.lanes.of(agent), id, ...denied });
  }

  giveUp(to: Peer, accepted: Accepted): readonly MessageId[] {
    const lane = this.shared.lanes.find(to.agent, to.peer);
    return lane === undefined ? [] : giveUp(this.queries, lane, accepted);
  }

  revive(to: Peer, revived: Reviving): readonly Revived[] {
    const lane = this.shared.lanes.find(to.agent, to.peer);
    return lane === undefined ? [] : revive(this.queries, lane, revived);
  }

  markReplayed(agent: string, id: MessageId, replayed: { readonly by: MessageId; readonly at: number }): void {
    if (this.message(agent, id) === undefined) return;
    this.queries.run('UPDATE outbox SET replayed_by = ?, replayed_at = ? WHERE id = ?', replayed.by, replayed.at, id);
  }

  purgeDead(agent: string, ids: readonly MessageId[]): readonly MessageId[] {
    return purgeOutbox(this.queries, this.shared, { lanes: this.shared.lanes.of(agent), ids });
  }

  refuseWaiting(to: Peer, refused: Refused & { readonly ids?: readonly MessageId[] }): readonly MessageId[] {
    const lane = this.shared.lanes.find(to.agent, to.peer);
    if (lane === undefined) return [];
    const ids = refused.ids === undefined ? null : JSON.stringify(refused.ids);
    const sql = `${refuse} AND lane = ?5 AND frame IS NULL
      AND (?6 IS NULL OR id IN (SELECT value FROM json_each(?6))) RETURNING id, lane, priority, size`;
    const rows = this.queries.all(sql, ...endOf(refused, 'this node'), lane, ids);
    countWaiting(this.shared, rows, -1);
    return rows.map(idOf);
  }

  rewriteWaiting(to: Peer, rewrite: (body: Uint8Array) => Uint8Array): void {
    const lane = this.shared.lanes.find(to.agent, to.peer);
    if (lane !== undefined) rewriteWaiting(this.queries, this.shared, { lane, rewrite });
  }

  prune(options: PruneOutbox): number {
    return pruneOutbox(this.queries, this.shared, options);
  }

  #flush(): void {
    for (const row of this.#held.values()) this.#write(row, null);
  }

  #write({ seq, lane, message }: Held, frame: number | null): void {
    this.#held.delete(message.id);
    const row = { lane, priority: priorityCode(message.priority), size: message.body.length };
    this.#scope.run(
      `INSERT INTO outbox (seq, id, lane, type, priority, size, created_at, expires_at, frame, ended, replay_of, conversation_id,
       correlation_id, idempotency_key, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      seq,
      message.id,
      lane,
      typeCode(message.type),
      row.priority,
      row.size,
      message.createdAt,
      message.expiresAt,
      frame,
      message.isHeld === true ? endCodes.held : null,
      orNull(message.replayOf),
      message.conversationId,
      orNull(message.correlationId),
      orNull(message.idempotencyKey),
      message.body,
    );
    if (frame === null && message.isHeld !== true) countWaiting(this.shared, [row], 1);
  }

  /** Its messages of which nothing proves that they came to the peer. */
  #unproved(frame: Row): readonly MessageId[] {
    if (frame.delivered_at !== null) return [];
    // A receipt for an earlier frame may have come while the message was sealed again.
    const open = 'SELECT id FROM outbox WHERE frame = ? AND seen_at IS NULL AND answered_at IS NULL AND ended IS NULL';
    return this.queries.all(open, int(frame, 'no')).map(idOf);
  }

  /**
   * Messages that waited in the store. One that expired by our clock meanwhile is bound all the same: it is in the
   * frame, and what the peer says about it is the truth.
   */
  #bind(frame: { no: number; lane: number; messageIds: readonly MessageId[]; expiry: number }): void {
    const bound = this.#scope.all(
      `UPDATE outbox SET frame = ?1 WHERE id IN (SELECT value FROM json_each(?2)) AND +lane = ?3 AND frame IS NULL
       AND (ended IS NULL OR (ended = ${endCodes.expired} AND reason IS NULL))
       RETURNING ended, expires_at, lane, priority, size`,
      frame.no,
      JSON.stringify(frame.messageIds),
      frame.lane,
    );
    const live = bound.filter((row) => row.ended === null);
    countWaiting(this.shared, live, -1);
    const expiry = Math.min(frame.expiry, ...live.map((row) => int(row, 'expires_at')));
    this.#scope.run('UPDATE frame SET first_expiry = ? WHERE no = ?', finiteOrNull(expiry), frame.no);
  }

  /** Nothing is left to transmit. Frames without messages leave no trace. */
  #close(frame: Row): void {
    const no = int(frame, 'no');
    this.queries.run('DELETE FROM frame_bytes WHERE frame = ?', no);
    this.queries.run('DELETE FROM receipt WHERE frame = ?', no);
    const sql =
      int(frame, 'messages') === 0 ? 'DELETE FROM frame WHERE no = ?' : 'UPDATE frame SET open = 0 WHERE no = ?';
    this.queries.run(sql, no);
  }
}

/** What the peer proved to have seen cannot be refused any more by this side. */
const refuse = `UPDATE outbox SET ended = ?1, ended_at = ?2, ended_by = ?3, reason = ?4
  WHERE ended IS NULL AND seen_at IS NULL AND answered_at IS NULL`;

const endOf = ({ at, code }: Refused, witness: EndWitness): [number, number, number, string] => [
  endCodeOf(code),
  at,
  witnessCode(witness),
  code,
];
const idOf = (row: Row): MessageId => text(row, 'id') as MessageId;
