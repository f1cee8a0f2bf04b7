import type { ErrorCode } from '#kernel';
import type { OutboxFrame, OutboxMessage, OutboxState, QueuedReceipt } from '#delivery';
import type { ConversationId, FrameId, FrameKind, MessageId, Receipt } from '#protocol';
import type { AgentId } from '#identity';
import { endCodes, endWitnesses, priorityName, typeName } from './codes.ts';
import { blob, int, intOrNull, text, textOrNull } from './columns.ts';
import type { Row } from './database.ts';
import type { Lanes } from './lanes.ts';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/**
 * PROTOCOL §7 in one place: what the columns of the message `o` and its frame `f` say. What ended stays so, unless a receipt took the end
 * away; else later in the journey wins.
 */
const state = `CASE
  WHEN o.ended < ${endCodes.settled} THEN CASE o.ended
    WHEN ${endCodes.refused} THEN 'refused' WHEN ${endCodes.expired} THEN 'expired'
    WHEN ${endCodes.dead} THEN 'dead' ELSE 'cancelled' END
  WHEN o.ended = ${endCodes.held} THEN 'review'
  WHEN o.answered_at IS NOT NULL THEN 'answered'
  WHEN o.seen_at IS NOT NULL THEN 'seen'
  WHEN f.delivered_at IS NOT NULL THEN 'delivered'
  WHEN o.given_up_at IS NOT NULL AND o.revived_at IS NULL THEN 'dead'
  WHEN f.stored_at IS NOT NULL THEN 'stored'
  WHEN f.sent_at IS NOT NULL THEN 'sent'
  ELSE 'queued' END`;

const givenUp = "iif(o.given_up_at IS NOT NULL AND o.revived_at IS NULL AND o.ended IS NULL, 'UNREACHABLE', NULL)";

/** All columns that `outboxMessageOf` reads; `FROM outbox o` joined with its frame. */
export const outboxColumns = `o.seq, o.id, o.lane, o.type, o.priority, o.created_at, o.expires_at, o.ended_at, o.ended_by,
  coalesce(o.reason, ${givenUp}) AS reason, o.given_up_at, o.revived_at, o.restored_at, o.seen_at, o.answered_at, o.answer_id, o.replay_of,
  o.replayed_by, o.replayed_at, o.conversation_id, o.correlation_id, o.idempotency_key, o.body, f.id AS frame_id,
  coalesce(o.sealed_at, f.created_at) AS sealed_at, iif(o.sealed_at IS NULL, NULL, f.created_at) AS resealed_at,
  coalesce(o.sent_at, f.sent_at) AS sent_at, coalesce(o.first_route, f.first_route) AS first_route,
  coalesce(f.resent_at, o.resent_at) AS resent_at, coalesce(f.route, o.route) AS route,
  o.attempts + coalesce(f.attempts, 0) AS attempts, f.stored_at, f.stored_by, f.delivered_at, ${state} AS state`;

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
  const firstRoute = textOrNull(row, 'first_route');
  const replayOf = textOrNull(row, 'replay_of');
  const replayedBy = textOrNull(row, 'replayed_by');
  const storedBy = textOrNull(row, 'stored_by');
  if (correlationId !== null) message.correlationId = correlationId as MessageId;
  if (key !== null) message.idempotencyKey = key;
  if (frameId !== null) message.frameId = frameId as FrameId;
  if (reason !== null) message.reason = reason as ErrorCode;
  if (answerId !== null) message.answerId = answerId as MessageId;
  if (route !== null) message.route = route;
  if (firstRoute !== null) message.firstRoute = firstRoute;
  if (replayOf !== null) message.replayOf = replayOf as MessageId;
  if (replayedBy !== null) message.replayedBy = replayedBy as MessageId;
  if (storedBy !== null) message.storedBy = storedBy as AgentId;
}

type Time =
  | 'sealedAt'
  | 'resealedAt'
  | 'sentAt'
  | 'resentAt'
  | 'storedAt'
  | 'deliveredAt'
  | 'seenAt'
  | 'answeredAt'
  | 'endedAt';
type LaterTime = 'givenUpAt' | 'revivedAt' | 'restoredAt' | 'replayedAt';

const timeColumns: readonly (readonly [Time | LaterTime, string])[] = [
  ['sealedAt', 'sealed_at'],
  ['resealedAt', 'resealed_at'],
  ['sentAt', 'sent_at'],
  ['resentAt', 'resent_at'],
  ['storedAt', 'stored_at'],
  ['deliveredAt', 'delivered_at'],
  ['seenAt', 'seen_at'],
  ['answeredAt', 'answered_at'],
  ['endedAt', 'ended_at'],
  ['givenUpAt', 'given_up_at'],
  ['revivedAt', 'revived_at'],
  ['restoredAt', 'restored_at'],
  ['replayedAt', 'replayed_at'],
];

function addTimes(message: Mutable<OutboxMessage>, row: Row): void {
  for (const [name, column] of timeColumns) {
    const at = intOrNull(row, column);
    if (at !== null) message[name] = at;
  }
  const witness = intOrNull(row, 'ended_by');
  const endedBy = witness === null ? undefined : endWitnesses[witness];
  if (endedBy !== undefined) message.endedBy = endedBy;
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
