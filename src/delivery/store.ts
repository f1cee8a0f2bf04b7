import type { ErrorCode } from '#kernel';
import type { AgentId } from '#identity';
import type { ConversationId, Frame, FrameId, FrameKind, MessageId, MessageType, Priority, Receipt } from '#protocol';

/** What became of a message that this side sent (PROTOCOL §7); every state but `queued` and `sent` was proved by a receipt or is local fact. */
export const outboxStates = [
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

export interface NewOutboxMessage {
  readonly id: MessageId;
  readonly agent: string;
  readonly peer: AgentId;
  readonly type: MessageType;
  readonly priority: Priority;
  readonly conversationId: ConversationId;
  readonly correlationId?: MessageId;
  readonly idempotencyKey?: string;
  /** As `encodeMessage` made it: stored and sealed verbatim. */
  readonly body: Uint8Array;
  readonly createdAt: number;
  readonly expiresAt: number;
}

/** A message with everything known about its way. Times in ms since 1970. */
export interface OutboxMessage extends NewOutboxMessage {
  readonly seq: number;
  /** Derived when read: from the row, its frame and its receipts. */
  readonly state: OutboxState;
  readonly frameId?: FrameId;
  readonly reason?: ErrorCode;
  readonly answerId?: MessageId;
  readonly sealedAt?: number;
  readonly sentAt?: number;
  /** The route that carried it last: `direct http://…` */
  readonly route?: string;
  readonly attempts: number;
  readonly deliveredAt?: number;
  readonly seenAt?: number;
  readonly answeredAt?: number;
  /** When it became refused, expired, dead or cancelled. */
  readonly endedAt?: number;
}

/** A sealed frame that the peer has not acknowledged yet; always sent again with the same bytes. */
export interface OutboxFrame {
  readonly agent: string;
  readonly peer: AgentId;
  readonly groupId: string;
  readonly frame: Frame;
}

export interface NewOutboxFrame extends OutboxFrame {
  /** The messages it holds. */
  readonly messageIds: readonly MessageId[];
  /** `seq` of the queued receipts it holds. */
  readonly receiptSeqs: readonly number[];
}

export interface QueuedReceipt {
  readonly seq: number;
  readonly receipt: Receipt;
}

export interface OutboxQuery {
  readonly agent: string;
  readonly peer?: AgentId;
  readonly states?: readonly OutboxState[];
  readonly limit: number;
}

export interface PeerDepth {
  readonly peer: AgentId;
  /** Not sealed yet. */
  readonly waiting: number;
  /** Sealed, not acknowledged: frames. */
  readonly inFlight: number;
  readonly oldestAt?: number;
}

export interface OutboxReader {
  message(agent: string, id: MessageId): OutboxMessage | undefined;
  /** Ids that begin with the prefix; at most 10. */
  messagesByPrefix(agent: string, prefix: string): readonly OutboxMessage[];
  byIdempotencyKey(query: {
    readonly agent: string;
    readonly peer: AgentId;
    readonly key: string;
    readonly since: number;
  }): OutboxMessage | undefined;
  /** Newest first. */
  list(query: OutboxQuery): readonly OutboxMessage[];
  /** Unsealed and not ended, in sending order: priority, then seq. Stops before `maxBytes` of bodies (at least one message). */
  waiting(query: {
    readonly agent: string;
    readonly peer: AgentId;
    readonly maxBytes: number;
    readonly limit: number;
  }): readonly OutboxMessage[];
  waitingCount(agent: string, peer: AgentId): number;
  /** Unacknowledged frames in the order they were sealed. */
  frames(agent: string, peer: AgentId): readonly OutboxFrame[];
  receipts(query: { readonly agent: string; readonly peer: AgentId; readonly limit: number }): readonly QueuedReceipt[];
  /** Peers with anything to send: unsealed messages, unacknowledged frames or queued receipts. */
  peersWithWork(agent: string): readonly AgentId[];
  depths(agent: string): readonly PeerDepth[];
}

export interface OutboxWriter extends OutboxReader {
  insert(message: NewOutboxMessage): number;
  /** Binds its messages and receipts to the frame: they are no longer waiting. */
  insertFrame(frame: NewOutboxFrame): void;
  /** The frame was written to a link: `attempts` + 1, first `sentAt` kept, route replaced. */
  markSent(frameId: FrameId, sent: { readonly at: number; readonly route: string }): void;
  /** The peer's node has it: the bytes and its receipts are dropped. Says nothing about messages. */
  acknowledge(frameId: FrameId): void;
  /** The peer will never take this frame: its messages become `refused` with the code. Returns their ids. */
  refuseFrame(frameId: FrameId, refused: { readonly code: ErrorCode; readonly at: number }): readonly MessageId[];
  /** The session of these frames is gone: frames are deleted, their messages and receipts wait again (delivered ones stay as they are). */
  unseal(agent: string, groupId: string): number;
  /** The same for every session of the agent, also for those that nothing is known of any more. */
  unsealAll(agent: string): number;
  /** Applies a verified receipt of this peer; ids that are not of that peer are ignored. Never moves a state backwards. Returns the ids that changed. */
  applyReceipt(from: { readonly agent: string; readonly peer: AgentId }, receipt: Receipt): readonly MessageId[];
  queueReceipt(to: { readonly agent: string; readonly peer: AgentId }, receipt: Receipt): void;
  /** Unsealed messages whose time is over become `expired`, sealed ones that were never delivered too. Returns their ids;
   * bounded to some 10 000 a call, the rest at the next. */
  expire(now: number): readonly { readonly agent: string; readonly id: MessageId }[];
  /** Ends messages that cannot be sent (contact removed or blocked): `refused` with the code; with `ids` only those. Returns their ids. */
  refuseWaiting(
    to: { readonly agent: string; readonly peer: AgentId },
    refused: { readonly code: ErrorCode; readonly at: number; readonly ids?: readonly MessageId[] },
  ): readonly MessageId[];
  /** Replaces the bodies of unsealed messages that have not ended. */
  rewriteWaiting(
    to: { readonly agent: string; readonly peer: AgentId },
    rewrite: (body: Uint8Array) => Uint8Array,
  ): void;
  /** Deletes what ended or was delivered before `before`. Bounded: call again until it returns 0, the number of rows. */
  prune(before: number): number;
}

export const inboxStates = ['new', 'leased', 'handled', 'dead'] as const;
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
  readonly seenAt?: number;
  /** When a person read it (`mesh read`). */
  readonly readAt?: number;
  readonly answerId?: MessageId;
}

export interface InboxQuery {
  readonly agent: string;
  readonly sender?: AgentId;
  /** Neither read by a person nor handled by a program. */
  readonly unread?: boolean;
  readonly limit: number;
  /** Only rows with a higher seq, oldest first; without it newest first. */
  readonly afterSeq?: number;
}

/** A frame that was opened, so that it is opened once only. */
export interface ReceivedFrame {
  readonly frameId: FrameId;
  readonly kind: FrameKind;
  /** How long it is remembered. */
  readonly until: number;
  /** Why nothing of it was kept. */
  readonly refused?: ErrorCode;
}

export interface InboxReader {
  message(agent: string, id: MessageId): InboxMessage | undefined;
  messagesByPrefix(agent: string, prefix: string): readonly InboxMessage[];
  list(query: InboxQuery): readonly InboxMessage[];
  /** True when this frame was taken from this sender already. */
  hasFrame(agent: string, sender: AgentId, frameId: FrameId): boolean;
  /** The code with which a frame that was taken was refused all the same: repeated, it gets the same answer. */
  refusalOfFrame(agent: string, sender: AgentId, frameId: FrameId): ErrorCode | undefined;
  counts(agent: string): {
    readonly unread: number;
    readonly waiting: number;
    readonly leased: number;
    readonly dead: number;
  };
  /** Who has messages of these types waiting for a handler. Costs as much as there are such senders, however many contacts. */
  waitingSenders(agent: string, types: readonly MessageType[]): readonly AgentId[];
  /** Earliest `notBefore` of a message that waits for a handler, 0 for one that was never tried; undefined when none waits. */
  nextOffer(query: OfferQuery): number | undefined;
  /** The answer that the first message with this key got, within the window. */
  firstByIdempotencyKey(query: {
    readonly agent: string;
    readonly sender: AgentId;
    readonly key: string;
    readonly since: number;
  }): InboxMessage | undefined;
}

/** Message ids are chosen by senders: only both together name one message. */
export interface InboxSender {
  readonly agent: string;
  readonly sender: AgentId;
}

export interface OfferQuery {
  readonly agent: string;
  readonly types: readonly MessageType[];
  /** Only of these senders, and at most so many of each; what others sent stays where it is. Without it, of all. */
  readonly senders?: ReadonlyMap<AgentId, number>;
}

export interface LeaseQuery extends OfferQuery {
  readonly now: number;
  readonly limit: number;
}

export interface InboxWriter extends InboxReader {
  /** False when this (agent, sender, id) is known: the row stays as it was. */
  insert(message: NewInboxMessage): boolean;
  rememberFrame(agent: string, sender: AgentId, frame: ReceivedFrame): void;
  /** Not offered to a handler until `unhold`: something that belongs to it is still to come. For a message just inserted. */
  hold(from: InboxSender, id: MessageId): void;
  /** Offered from now on; false when it was not held, or was dealt with meanwhile. */
  unhold(from: InboxSender, id: MessageId): boolean;
  /** What it waited for will not come: it is given up with the error. False when it was not held. */
  buryHeld(from: InboxSender, id: MessageId, error: string): boolean;
  /**
   * Leases waiting messages in order of arrival, priorities first, and counts the attempt. A message that was tried before is leased alone:
   * the result is then that one message.
   */
  lease(query: LeaseQuery): readonly InboxMessage[];
  markSeen(agent: string, ids: readonly MessageId[], at: number): void;
  complete(agent: string, id: MessageId, answerId?: MessageId): void;
  /** Back to `new`, offered again from `notBefore` on. `uncounted` takes the attempt back: the handler had no chance. */
  release(
    agent: string,
    id: MessageId,
    again: { readonly notBefore: number; readonly error: string; readonly uncounted?: boolean },
  ): void;
  bury(agent: string, id: MessageId, error: string): void;
  /** After a restart nothing is leased: what was goes back to `new`. Returns how many. */
  releaseAll(): number;
  markRead(agent: string, ids: readonly MessageId[], at: number): void;
  /** Deletes what is over and came before `before`. Bounded: call again until it returns 0, the number of rows. */
  prune(options: { readonly before: number; readonly now: number }): number;
}
