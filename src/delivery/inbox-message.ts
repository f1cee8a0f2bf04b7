import type { ErrorCode } from '#kernel';
import type { AgentId } from '#identity';
import type { ConversationId, FrameId, MessageId, MessageType, Priority } from '#protocol';

export const inboxStates = ['new', 'review', 'leased', 'handled', 'dead'] as const;
export type InboxState = (typeof inboxStates)[number];

export interface NewInboxMessage {
  readonly id: MessageId;
  readonly agent: string;
  readonly sender: AgentId;
  readonly type: MessageType;
  readonly priority: Priority;
  readonly conversationId: ConversationId;
  readonly correlationId?: MessageId;
  readonly idempotencyKey?: string;
  /** The earlier message of the same sender that this one says again. */
  readonly replayOf?: MessageId;
  readonly body: Uint8Array;
  readonly frameId: FrameId;
  readonly receivedAt: number;
  readonly expiresAt: number;
}

export interface InboxMessage extends NewInboxMessage {
  readonly seq: number;
  readonly state: InboxState;
  readonly attempts: number;
  /** Do not offer before (a failed handler waits a little). */
  readonly notBefore: number;
  readonly error?: string;
  /** Of a dead letter: why and since when. */
  readonly reason?: ErrorCode;
  readonly deadAt?: number;
  readonly seenAt?: number;
  /** When a person read it (`mesh read`). */
  readonly readAt?: number;
  readonly answerId?: MessageId;
}

/** What is leased to a program: no more of it than that takes, because every message comes this way. */
export type LeasedMessage = Pick<
  InboxMessage,
  'seq' | 'id' | 'agent' | 'sender' | 'type' | 'body' | 'expiresAt' | 'attempts' | 'error'
>;
