import type { InboxMessage, InboxState, LeasedMessage } from '#delivery';
import type { ErrorCode } from '#kernel';
import type { ConversationId, FrameId, MessageId } from '#protocol';
import { phases, priorityName, typeName } from './codes.ts';
import { blob, int, intOrNull, text, textOrNull } from './columns.ts';
import type { Row } from './database.ts';
import { reviewUntil } from './inbox-hold.ts';
import type { Lanes } from './lanes.ts';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

export const inboxColumns = `i.seq, i.id, i.lane, i.received_at, i.expires_at, i.frame_id, i.conversation_id,
  i.correlation_id, i.idempotency_key, i.replay_of, i.body, s.phase, s.type, s.priority, s.not_before, s.attempts, s.seen_at,
  s.read_at, s.answer_id, s.error, s.reason, s.dead_at`;

export const leasedColumns = 'i.seq, i.id, i.lane, i.expires_at, i.body, s.type, s.attempts, s.error';

export const inboxTables = 'inbox i JOIN inbox_state s ON s.seq = i.seq';

/** How a message stands that is not handled. */
const states: readonly InboxState[] = ['new', 'new', 'leased', 'dead'];

export function inboxMessageOf(row: Row, lanes: Lanes): InboxMessage {
  const { agent, peer } = lanes.at(int(row, 'lane'));
  const phase = int(row, 'phase');
  const message: Mutable<InboxMessage> = {
    seq: int(row, 'seq'),
    id: text(row, 'id') as MessageId,
    agent,
    sender: peer,
    type: typeName(int(row, 'type')),
    priority: priorityName(int(row, 'priority')),
    conversationId: text(row, 'conversation_id') as ConversationId,
    body: blob(row, 'body'),
    frameId: text(row, 'frame_id') as FrameId,
    receivedAt: int(row, 'received_at'),
    expiresAt: int(row, 'expires_at'),
    state: stateOf(phase, int(row, 'not_before')),
    attempts: int(row, 'attempts'),
    notBefore: int(row, 'not_before'),
  };
  addOptional(message, row);
  return message;
}

function stateOf(phase: number, notBefore: number): InboxState {
  if (phase >= phases.handled) return 'handled';
  return notBefore === reviewUntil ? 'review' : (states[phase % phases.read] ?? 'new');
}

export function leasedMessageOf(row: Row, lanes: Lanes): LeasedMessage {
  const { agent, peer } = lanes.at(int(row, 'lane'));
  const error = textOrNull(row, 'error');
  const message = {
    seq: int(row, 'seq'),
    id: text(row, 'id') as MessageId,
    agent,
    sender: peer,
    type: typeName(int(row, 'type')),
    body: blob(row, 'body'),
    expiresAt: int(row, 'expires_at'),
    attempts: int(row, 'attempts'),
  };
  return error === null ? message : { ...message, error };
}

function addOptional(message: Mutable<InboxMessage>, row: Row): void {
  const correlationId = textOrNull(row, 'correlation_id');
  const key = textOrNull(row, 'idempotency_key');
  const seenAt = intOrNull(row, 'seen_at');
  const readAt = intOrNull(row, 'read_at');
  const answerId = textOrNull(row, 'answer_id');
  const error = textOrNull(row, 'error');
  const replayOf = textOrNull(row, 'replay_of');
  if (correlationId !== null) message.correlationId = correlationId as MessageId;
  if (key !== null) message.idempotencyKey = key;
  if (seenAt !== null) message.seenAt = seenAt;
  if (readAt !== null) message.readAt = readAt;
  if (answerId !== null) message.answerId = answerId as MessageId;
  if (error !== null) message.error = error;
  if (replayOf !== null) message.replayOf = replayOf as MessageId;
  if (message.state === 'dead') addDeath(message, row);
}

function addDeath(message: Mutable<InboxMessage>, row: Row): void {
  const reason = textOrNull(row, 'reason');
  const deadAt = intOrNull(row, 'dead_at');
  if (reason !== null) message.reason = reason as ErrorCode;
  if (deadAt !== null) message.deadAt = deadAt;
}
