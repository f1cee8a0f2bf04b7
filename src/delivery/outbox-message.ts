import type { ErrorCode } from '#kernel';
import type { AgentId } from '#identity';
import type { ConversationId, FrameId, MessageId, MessageType, Priority } from '#protocol';

/** What became of a message that this side sent (PROTOCOL §7); every state but `queued` and `sent` was proved by a receipt or is local fact. */
export const outboxStates = [
  'review',
  'queued',
  'sent',
  'stored',
  'delivered',
  'seen',
  'answered',
  'refused',
  'expired',
  'dead',
  'cancelled',
] as const;
export type OutboxState = (typeof outboxStates)[number];

/** Who said how a message ended: a fact of this node, a receipt inside the session, or the peer's node on the link. */
export type EndWitness = 'this node' | 'receipt' | 'link';

export interface NewOutboxMessage {
  readonly id: MessageId;
  readonly agent: string;
  readonly peer: AgentId;
  readonly type: MessageType;
  readonly priority: Priority;
  readonly conversationId: ConversationId;
  readonly correlationId?: MessageId;
  readonly idempotencyKey?: string;
  /** The message that this one says again, as it was first sent. */
  readonly replayOf?: MessageId;
  /** As `encodeMessage` made it: stored and sealed verbatim. */
  readonly body: Uint8Array;
  readonly createdAt: number;
  readonly expiresAt: number;
  /** It waits for the owner before anything else. */
  readonly isHeld?: boolean;
}

/** A message with everything known about its way. Times in ms since 1970. */
export interface OutboxMessage extends NewOutboxMessage {
  readonly seq: number;
  /** Derived when read: from the row, its frame and its receipts. */
  readonly state: OutboxState;
  readonly frameId?: FrameId;
  readonly reason?: ErrorCode;
  readonly answerId?: MessageId;
  /** When it was first encrypted: from then on bytes of it may have left. */
  readonly sealedAt?: number;
  /** When it was encrypted last, when that was more than once. */
  readonly resealedAt?: number;
  readonly sentAt?: number;
  /** The route that carried it first: `direct http://…` */
  readonly firstRoute?: string;
  /** When it was written to a link last, and the route that carried it. */
  readonly resentAt?: number;
  readonly route?: string;
  readonly attempts: number;
  /** When the hub or relay that holds its frame said so with a receipt, and which one that is. */
  readonly storedAt?: number;
  readonly storedBy?: AgentId;
  readonly deliveredAt?: number;
  readonly seenAt?: number;
  readonly answeredAt?: number;
  /** When it became refused, expired or cancelled. */
  readonly endedAt?: number;
  readonly endedBy?: EndWitness;
  /** When it was given up because the peer was away, and when the peer was heard from again. */
  readonly givenUpAt?: number;
  readonly revivedAt?: number;
  /** When it was brought back by a backup, in which it had not been delivered: it may have been, after the backup. */
  readonly restoredAt?: number;
  /** It ended, and was sent again as another message. */
  readonly replayedBy?: MessageId;
  readonly replayedAt?: number;
}
