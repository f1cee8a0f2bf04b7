import type { ErrorCode } from '#kernel';
import type { AgentId } from '#identity';
import type { NewOutboxFrame, NewOutboxMessage, OutboxWriter } from '#delivery';
import type { FrameId, MessageId, Receipt } from '#protocol';
import { endCodes, priorityCode, typeCode } from './codes.ts';
import { int, orNull, text } from './columns.ts';
import type { Queries, Row } from './database.ts';
import { Outbox } from './outbox.ts';
import { applyReceipt, endCodeOf } from './outbox-receipts.ts';
import { expireOutbox, pruneOutbox, rewriteWaiting } from './outbox-upkeep.ts';
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

  override waitingCount(agent: string, peer: AgentId): number {
    this.#scope.flush();
    return super.waitingCount(agent, peer);
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
    const no = this.#insertFrameRow(sealed, { lane, expiry });
    for (const row of held) {
      if (row !== undefined) this.#write(row, no);
    }
    if (held.length < messageIds.length) this.#bind({ no, lane, messageIds, expiry });
    if (receiptSeqs.length > 0) {
      const sql = 'UPDATE receipt SET frame = ? WHERE seq IN (SELECT value FROM json_each(?)) AND +lane = ?';
      this.#scope.run(sql, no, JSON.stringify(receiptSeqs), lane);
    }
  }

  markSent(frameId: FrameId, sent: { readonly at: number; readonly route: string }): void {
    const sql = 'UPDATE frame SET attempts = attempts + 1, sent_at = coalesce(sent_at, ?), route = ? WHERE id = ?';
    this.queries.run(sql, sent.at, sent.route, frameId);
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
        ? this.queries.all(`${refuse} AND frame = ?4 RETURNING id`, ...endOf(refused), int(frame, 'no'))
        : [];
    this.#close(frame);
    return rows.map(idOf);
  }

  unseal(agent: string, groupId: string): number {
    let waiting = 0;
    for (const { no: lane } of this.shared.lanes.of(agent)) {
      const undelivered = 'SELECT no FROM frame WHERE lane = ? AND delivered_at IS NULL AND group_id = ?';
      for (const frame of this.queries.all(undelivered, lane, groupId)) {
        waiting += this.#unsealFrame(int(frame, 'no'), lane);
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
    return [...new Set(groups)].reduce((waiting, groupId) => waiting + this.unseal(agent, groupId), 0);
  }

  applyReceipt(from: Peer, receipt: Receipt): readonly MessageId[] {
    const lane = this.shared.lanes.find(from.agent, from.peer);
    return lane === undefined ? [] : applyReceipt(this.queries, lane, receipt);
  }

  queueReceipt(to: Peer, receipt: Receipt): void {
    const lane = this.shared.lanes.ensure(this.#scope, to.agent, to.peer);
    this.#scope.run('INSERT INTO receipt (lane, body) VALUES (?, ?)', lane, JSON.stringify(receipt));
  }

  expire(now: number): readonly { readonly agent: string; readonly id: MessageId }[] {
    return expireOutbox(this.queries, this.shared, now);
  }

  refuseWaiting(to: Peer, refused: Refused & { readonly ids?: readonly MessageId[] }): readonly MessageId[] {
    const lane = this.shared.lanes.find(to.agent, to.peer);
    if (lane === undefined) return [];
    const ids = refused.ids === undefined ? null : JSON.stringify(refused.ids);
    const sql = `${refuse} AND lane = ?4 AND frame IS NULL
      AND (?5 IS NULL OR id IN (SELECT value FROM json_each(?5))) RETURNING id`;
    const rows = this.queries.all(sql, ...endOf(refused), lane, ids);
    this.shared.waiting.add(lane, 0, -rows.length);
    return rows.map(idOf);
  }

  rewriteWaiting(to: Peer, rewrite: (body: Uint8Array) => Uint8Array): void {
    const lane = this.shared.lanes.find(to.agent, to.peer);
    if (lane !== undefined) rewriteWaiting(this.queries, lane, rewrite);
  }

  prune(before: number): number {
    return pruneOutbox(this.queries, before);
  }

  #flush(): void {
    for (const row of this.#held.values()) this.#write(row, null);
  }

  #write({ seq, lane, message }: Held, frame: number | null): void {
    this.#held.delete(message.id);
    this.#scope.run(
      `INSERT INTO outbox (seq, id, lane, type, priority, created_at, expires_at, frame, conversation_id,
       correlation_id, idempotency_key, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      seq,
      message.id,
      lane,
      typeCode(message.type),
      priorityCode(message.priority),
      message.createdAt,
      message.expiresAt,
      frame,
      message.conversationId,
      orNull(message.correlationId),
      orNull(message.idempotencyKey),
      message.body,
    );
    if (frame === null) this.shared.waiting.add(lane, 0, 1);
  }

  #insertFrameRow({ frame, groupId, messageIds }: NewOutboxFrame, at: { lane: number; expiry: number }): number {
    const no = this.#scope.insert(
      `INSERT INTO frame (id, lane, group_id, kind, sender, recipient, created_at, expires_at, priority, messages,
       first_expiry)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      frame.id,
      at.lane,
      groupId,
      frame.kind,
      frame.from,
      frame.to,
      frame.createdAt,
      frame.expiresAt,
      priorityCode(frame.priority),
      messageIds.length,
      finite(at.expiry),
    );
    this.#scope.run('INSERT INTO frame_bytes (frame, bytes) VALUES (?, ?)', no, frame.bytes);
    return no;
  }

  /**
   * Messages that waited in the store. One that expired by our clock meanwhile is bound all the same: it is in the
   * frame, and what the peer says about it is the truth.
   */
  #bind(frame: { no: number; lane: number; messageIds: readonly MessageId[]; expiry: number }): void {
    const bound = this.#scope.all(
      `UPDATE outbox SET frame = ?1 WHERE id IN (SELECT value FROM json_each(?2)) AND +lane = ?3 AND frame IS NULL
       AND (ended IS NULL OR (ended = ${endCodes.expired} AND reason IS NULL)) RETURNING ended, expires_at`,
      frame.no,
      JSON.stringify(frame.messageIds),
      frame.lane,
    );
    const live = bound.filter((row) => row.ended === null);
    this.shared.waiting.add(frame.lane, 0, -live.length);
    const expiry = Math.min(frame.expiry, ...live.map((row) => int(row, 'expires_at')));
    this.#scope.run('UPDATE frame SET first_expiry = ? WHERE no = ?', finite(expiry), frame.no);
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

  /** How the frame travelled stays with the messages; they wait again. */
  /** That a frame was written is noted a little later than it is written: one that was sealed counts as an attempt in any case. */
  #unsealFrame(no: number, lane: number): number {
    const messages = this.queries.all(
      `UPDATE outbox SET frame = NULL, sent_at = coalesce(outbox.sent_at, f.sent_at),
       route = coalesce(f.route, outbox.route), attempts = outbox.attempts + max(f.attempts, 1)
       FROM frame f WHERE f.no = ?1 AND outbox.frame = ?1 RETURNING ended`,
      no,
    );
    this.queries.run('UPDATE receipt SET frame = NULL WHERE frame = ?', no);
    this.queries.run('DELETE FROM frame_bytes WHERE frame = ?', no);
    this.queries.run('DELETE FROM frame WHERE no = ?', no);
    const waiting = messages.filter((row) => row.ended === null).length;
    this.shared.waiting.add(lane, 0, waiting);
    return waiting;
  }
}

/** What the peer proved to have seen cannot be refused any more by this side. */
const refuse = `UPDATE outbox SET ended = ?1, ended_at = ?2, reason = ?3
  WHERE ended IS NULL AND seen_at IS NULL AND answered_at IS NULL`;

const endOf = ({ at, code }: Refused): [number, number, string] => [endCodeOf(code), at, code];
const finite = (time: number): number | null => (Number.isFinite(time) ? time : null);
const idOf = (row: Row): MessageId => text(row, 'id') as MessageId;
