import type { ErrorCode } from '#kernel';
import type { AgentId } from '#identity';
import type { Frame, FrameId, FrameKind, MessageId, MessageType, Receipt } from '#protocol';
import type { DeadInboxReader, DeadInboxWriter, DeadOutboxReader, DeadOutboxWriter } from './dead-letter-store.ts';
import type { InboxMessage, LeasedMessage, NewInboxMessage } from './inbox-message.ts';
import type { NewOutboxMessage, OutboxMessage, OutboxState } from './outbox-message.ts';
import type { PriorityTurns } from './priority-turns.ts';
import type { QueueSize } from './queue-size.ts';

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

/**
 * In which time a key counts as used. The wall clock may jump, so that the time that the node ran has a say too: what is longer ago than
 * `ranMs` by it is over for sure, what is not longer ago than `surelyRanMs` is not over, whatever the wall clock says (spec 11.9).
 */
export interface KeyWindow {
  /** ms since 1970. */
  readonly since: number;
  readonly ranMs: number;
  readonly surelyRanMs: number;
}

export interface OutboxReader extends DeadOutboxReader {
  message(agent: string, id: MessageId): OutboxMessage | undefined;
  /** Ids that begin with the prefix; at most 10. */
  messagesByPrefix(agent: string, prefix: string): readonly OutboxMessage[];
  byIdempotencyKey(query: {
    readonly agent: string;
    readonly peer: AgentId;
    readonly key: string;
    /** Messages that were cancelled do not count. */
    readonly window: KeyWindow;
  }): OutboxMessage | undefined;
  /** Newest first. */
  list(query: OutboxQuery): readonly OutboxMessage[];
  /**
   * Unsealed and not ended, in sending order: as the turns say, or by priority, then seq. Stops before `maxBytes` of bodies (at least
   * one message).
   */
  waiting(query: {
    readonly agent: string;
    readonly peer: AgentId;
    readonly maxBytes: number;
    readonly limit: number;
    readonly turns?: PriorityTurns;
  }): readonly OutboxMessage[];
  waitingCount(agent: string, peer: AgentId): number;
  /** What waits for this peer. */
  waitingFor(agent: string, peer: AgentId): QueueSize;
  /** What waits for all peers of all agents. */
  waitingInAll(): QueueSize;
  /** Unacknowledged frames in the order they were sealed. */
  frames(agent: string, peer: AgentId): readonly OutboxFrame[];
  receipts(query: { readonly agent: string; readonly peer: AgentId; readonly limit: number }): readonly QueuedReceipt[];
  /** Peers with anything to send: unsealed messages, unacknowledged frames or queued receipts. */
  peersWithWork(agent: string): readonly AgentId[];
  depths(agent: string): readonly PeerDepth[];
}

export interface OutboxWriter extends OutboxReader, DeadOutboxWriter {
  insert(message: NewOutboxMessage): number;
  /** Binds its messages and receipts to the frame: they are no longer waiting. */
  insertFrame(frame: NewOutboxFrame): void;
  /**
   * The frame was written to a link: `attempts` + 1, first time and route kept, last ones replaced. Returns the ids of its
   * messages that are `sent` by that: those of which nothing proves that they came further.
   */
  markSent(frameId: FrameId, sent: { readonly at: number; readonly route: string }): readonly MessageId[];
  /**
   * A hub or relay holds the frame, as its receipt proves. Returns the ids of its messages that are `stored` by that; none when one held it
   * before.
   */
  markStored(frameId: FrameId, stored: { readonly at: number; readonly by: AgentId }): readonly MessageId[];
  /** The peer's node has it: the bytes and its receipts are dropped. Says nothing about messages. */
  acknowledge(frameId: FrameId): void;
  /** The peer will never take this frame: its messages become `refused` with the code. Returns their ids. */
  refuseFrame(frameId: FrameId, refused: { readonly code: ErrorCode; readonly at: number }): readonly MessageId[];
  /**
   * The session of these frames is gone: frames are deleted, their messages and receipts wait again (delivered ones stay as they are).
   * Returns the messages that wait again.
   */
  unseal(agent: string, groupId: string): readonly MessageId[];
  /** The same for every session of the agent, also for those that nothing is known of any more. */
  unsealAll(agent: string): number;
  /** What waits may have been sealed, sent and delivered by whoever went on from this state before. */
  markRestored(agent: string, at: number): void;
  /** Applies a verified receipt of this peer; ids that are not of that peer are ignored. Never moves a state backwards. Returns the ids that changed. */
  applyReceipt(from: { readonly agent: string; readonly peer: AgentId }, receipt: Receipt): readonly MessageId[];
  queueReceipt(to: { readonly agent: string; readonly peer: AgentId }, receipt: Receipt): void;
  /** Takes back the receipts that tell of an answer and were never sealed. False when there is none. */
  withdrawAnswered(to: { readonly agent: string; readonly peer: AgentId }, answerId: MessageId): boolean;
  /** Unsealed messages whose time is over become `expired`, sealed ones that were never delivered too. Returns their ids;
   * bounded to some 10 000 a call, the rest at the next. */
  expire(now: number): readonly { readonly agent: string; readonly peer: AgentId; readonly id: MessageId }[];
  /** Ends a message that was never sealed. False when it was, or has ended. */
  cancel(agent: string, id: MessageId, at: number): boolean;
  /** A message that waited for the owner waits to be sealed like others. False when it did not. */
  release(agent: string, id: MessageId): boolean;
  /** Ends a message that waits for the owner: it never leaves. False when it did not wait. */
  deny(agent: string, id: MessageId, denied: { readonly code: ErrorCode; readonly at: number }): boolean;
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
  /**
   * Deletes what ended or was delivered before `before` and was here when the node had run `ranMs` less. Bounded: call again until it
   * returns 0, the number of rows.
   */
  prune(options: { readonly before: number; readonly ranMs: number }): number;
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
  /** How many frames of the sender are remembered; older ones are forgotten. */
  readonly kept: number;
  /** Why nothing of it was kept. */
  readonly refused?: ErrorCode;
}

export interface InboxReader extends DeadInboxReader {
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
  /** The first message with this key that came in within the window. */
  firstByIdempotencyKey(query: {
    readonly agent: string;
    readonly sender: AgentId;
    readonly key: string;
    readonly window: KeyWindow;
  }): InboxMessage | undefined;
  /** The message of this sender that was first sent as `original`: that one itself, or one that said it again. */
  sameAs(agent: string, sender: AgentId, original: MessageId): InboxMessage | undefined;
  /** What nobody has dealt with of this sender: neither read by a person nor handled by a program. */
  unreadFrom(agent: string, sender: AgentId): QueueSize;
  /** The same of all senders to all agents. */
  unreadInAll(): QueueSize;
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
  /** In which order priorities go; strictly without it. */
  readonly turns?: PriorityTurns;
}

/** Why a program will not get a message any more. */
export interface Death {
  readonly error: string;
  readonly reason: ErrorCode;
  readonly at: number;
  /** It was leased only to find out: that was no attempt, and nobody saw it. */
  readonly uncounted?: boolean;
}

/** How a message goes on that waited for the owner. */
export interface ReviewEnd {
  /** It still has to wait for its files. */
  readonly toFiles: boolean;
  /** Until when its program may have it at least (ms since 1970). */
  readonly expiresAt: number;
}

/** When a message is offered to the handler once more. */
export interface Again {
  readonly notBefore: number;
  readonly error: string;
  /** The attempt does not count: the handler had no chance. */
  readonly uncounted?: boolean;
  /** Nor was it seen by anybody. */
  readonly unseen?: boolean;
}

export interface InboxWriter extends InboxReader, DeadInboxWriter {
  /** False when this (agent, sender, id) is known: the row stays as it was. */
  insert(message: NewInboxMessage): boolean;
  rememberFrame(agent: string, sender: AgentId, frame: ReceivedFrame): void;
  /** Not offered to a handler until `unhold`: something that belongs to it is still to come. For a message just inserted. */
  hold(from: InboxSender, id: MessageId): void;
  /** Offered from now on; false when it was not held, or was dealt with meanwhile. */
  unhold(from: InboxSender, id: MessageId): boolean;
  /** What it waited for will not come: it is given up with the error. False when it was not held. */
  buryHeld(from: InboxSender, id: MessageId, death: Death): boolean;
  /**
   * Leases waiting messages in order of arrival, priorities first, and counts the attempt. A message that was tried before is leased alone:
   * the result is then that one message.
   */
  lease(query: LeaseQuery): readonly LeasedMessage[];
  markSeen(agent: string, ids: readonly MessageId[], at: number): void;
  complete(agent: string, id: MessageId, answerId?: MessageId): void;
  /** A new message waits for the owner, and is offered to no program. */
  holdForReview(from: InboxSender, id: MessageId): void;
  /** It is offered now. False when it does not wait for the owner. */
  endReview(from: InboxSender, id: MessageId, then: ReviewEnd): boolean;
  /** Ends leases without an answer: of messages as `lease` returned them. */
  completeAll(leased: readonly Pick<LeasedMessage, 'seq' | 'id'>[]): void;
  /** Back to `new`. */
  release(agent: string, id: MessageId, again: Again): void;
  bury(agent: string, id: MessageId, death: Death): void;
  /** After a restart nothing is leased: what was goes back to `new`. Returns how many. */
  releaseAll(): number;
  markRead(agent: string, ids: readonly MessageId[], at: number): void;
  /**
   * Deletes what is over, came before `before`, could not be taken again at `now`, and was here when the node had run `ranMs` less.
   * Bounded: call again until it returns 0, the number of rows.
   */
  prune(options: { readonly before: number; readonly now: number; readonly ranMs: number }): number;
}
