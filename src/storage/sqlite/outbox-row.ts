import type { ErrorCode } from '#kernel';
import type { OutboxFrame, OutboxMessage, OutboxState, QueuedReceipt } from '#delivery';
import type { ConversationId, FrameId, FrameKind, MessageId, Receipt } from '#protocol';
import type { AgentId } from '#identity';
import { endCodes, priorityName, typeName } from './codes.ts';
import { blob, int, intOrNull, text, textOrNull } from './columns.ts';
import type { Row } from './database.ts';
import type { Lanes } from './lanes.ts';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/**
 * True for a message that ended for good. `expired` is this side's own conclusion from its clock: a receipt that comes
 * later and proves that the peer took the message in time counts for more, unless the peer itself said EXPIRED (then
 * there is a reason).
 */
export const endedForGood = `(o.ended IS NOT NULL AND (o.ended <> ${endCodes.expired} OR o.reason IS NOT NULL))`;

/** PROTOCOL §7 in one place: what the columns of the message `o` and its frame `f` say. Later in the journey wins. */
const state = `CASE
  WHEN ${endedForGood} THEN CASE o.ended
    WHEN ${endCodes.refused} THEN 'refused' WHEN ${endCodes.expired} THEN 'expired'
    WHEN ${endCodes.dead} THEN 'dead' ELSE 'cancelled' END
  WHEN o.answered_at IS NOT NULL THEN 'answered'
  WHEN o.seen_at IS NOT NULL THEN 'seen'
  WHEN f.delivered_at IS NOT NULL THEN 'delivered'
  WHEN o.ended IS NOT NULL THEN 'expired'
  WHEN f.sent_at IS NOT NULL THEN 'sent'
  ELSE 'queued' END`;

/** All columns that `outboxMessageOf` reads; `FROM outbox o` joined with its frame. */
export const outboxColumns = `o.seq, o.id, o.lane, o.type, o.priority, o.created_at, o.expires_at, o.ended_at, o.reason,
  o.seen_at, o.answered_at, o.answer_id, o.conversation_id, o.correlation_id, o.idempotency_key, o.body,
  f.id AS frame_id, f.created_at AS sealed_at, coalesce(o.sent_at, f.sent_at) AS sent_at, coalesce(f.route, o.route) AS route,
  o.attempts + coalesce(f.attempts, 0) AS attempts, f.delivered_at, ${state} AS state`;

export const outboxTables = 'outbox o LEFT JOIN frame f ON f.no = o.frame';

export function outboxMessageOf(row: Row, lanes: Lanes): OutboxMessage {
  const { agent, peer } = lanes.at(int(row, 'lane'));
  const message: Mutable<OutboxMessage> = {
    seq: int(row, 'seq'),
    id: text(row, 'id') as MessageId,
    agent,
    peer,
    type: typeName(int(row, 'type')),
    priority: priorityName(int(row, 'priority')),
    conversationId: text(row, 'conversation_id') as ConversationId,
    body: blob(row, 'body'),
    createdAt: int(row, 'created_at'),
    expiresAt: int(row, 'expires_at'),
    state: text(row, 'state') as OutboxState,
    attempts: int(row, 'attempts'),
  };
  addTexts(message, row);
  addTimes(message, row);
  return message;
}

function addTexts(message: Mutable<OutboxMessage>, row: Row): void {
  const correlationId = textOrNull(row, 'correlation_id');
  const key = textOrNull(row, 'idempotency_key');
  const frameId = textOrNull(row, 'frame_id');
  const reason = textOrNull(row, 'reason');
  const answerId = textOrNull(row, 'answer_id');
  const route = textOrNull(row, 'route');
  if (correlationId !== null) message.correlationId = correlationId as MessageId;
  if (key !== null) message.idempotencyKey = key;
  if (frameId !== null) message.frameId = frameId as FrameId;
  if (reason !== null) message.reason = reason as ErrorCode;
  if (answerId !== null) message.answerId = answerId as MessageId;
  if (route !== null) message.route = route;
}

function addTimes(message: Mutable<OutboxMessage>, row: Row): void {
  const sealedAt = intOrNull(row, 'sealed_at');
  const sentAt = intOrNull(row, 'sent_at');
  const deliveredAt = intOrNull(row, 'delivered_at');
  const seenAt = intOrNull(row, 'seen_at');
  const answeredAt = intOrNull(row, 'answered_at');
  const endedAt = intOrNull(row, 'ended_at');
  if (sealedAt !== null) message.sealedAt = sealedAt;
  if (sentAt !== null) message.sentAt = sentAt;
  if (deliveredAt !== null) message.deliveredAt = deliveredAt;
  if (seenAt !== null) message.seenAt = seenAt;
  if (answeredAt !== null) message.answeredAt = answeredAt;
  if (endedAt !== null) message.endedAt = endedAt;
}

/** The frame as it was sealed: ids of that time, whatever the peer is called now. */
export function outboxFrameOf(row: Row, lanes: Lanes): OutboxFrame {
  const { agent, peer } = lanes.at(int(row, 'lane'));
  return {
    agent,
    peer,
    groupId: text(row, 'group_id'),
    frame: {
      v: 1,
      id: text(row, 'id') as FrameId,
      kind: text(row, 'kind') as FrameKind,
      from: text(row, 'sender') as AgentId,
      to: text(row, 'recipient') as AgentId,
      createdAt: int(row, 'created_at'),
      expiresAt: int(row, 'expires_at'),
      priority: priorityName(int(row, 'priority')),
      bytes: blob(row, 'bytes'),
    },
  };
}

export function queuedReceiptOf(row: Row): QueuedReceipt {
  return { seq: int(row, 'seq'), receipt: JSON.parse(text(row, 'body')) as Receipt };
}
