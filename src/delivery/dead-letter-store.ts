import type { ErrorCode } from '#kernel';
import type { AgentId } from '#identity';
import type { MessageId } from '#protocol';
import type { InboxMessage } from './inbox-message.ts';
import type { OutboxMessage } from './outbox-message.ts';

/** Which dead letters (spec 11.5), newest first; what is absent does not narrow. */
export interface DeadLetterQuery {
  readonly agent: string;
  readonly peer?: AgentId;
  readonly reason?: ErrorCode;
  /** Only what died before (ms since 1970). */
  readonly before?: number;
  /** Only rows with a lower seq: the next page. */
  readonly belowSeq?: number;
  readonly limit: number;
}

export interface DeadLetterCount {
  readonly peer: AgentId;
  readonly reason: ErrorCode;
  readonly count: number;
}

interface Lane {
  readonly agent: string;
  readonly peer: AgentId;
}

export interface Revived {
  readonly id: MessageId;
  readonly state: 'queued' | 'sent';
}

export interface DeadOutboxReader {
  /** Messages that were refused, that expired, and those that were given up while the peer is away (UNREACHABLE). */
  deadLetters(query: DeadLetterQuery): readonly OutboxMessage[];
  deadCounts(agent: string): readonly DeadLetterCount[];
}

export interface DeadOutboxWriter extends DeadOutboxReader {
  /**
   * Messages that were accepted from `from` to `until` and that the peer's node has not taken are dead letters until it is heard from
   * again. Returns their ids; bounded: call again until there are none.
   */
  giveUp(
    to: Lane,
    accepted: { readonly from: number; readonly until: number; readonly at: number },
  ): readonly MessageId[];
  /** The peer was heard from again, or is tried again: what was given up goes on, or only these messages of it. Bounded as above. */
  revive(to: Lane, revived: { readonly at: number; readonly ids?: readonly MessageId[] }): readonly Revived[];
  /** The message ended and is said again as another one: it is no dead letter any more. */
  markReplayed(agent: string, id: MessageId, replayed: { readonly by: MessageId; readonly at: number }): void;
  /** Forgets dead letters for good; not those in a frame that the peer may still take. Returns the ids that are gone. */
  purgeDead(agent: string, ids: readonly MessageId[]): readonly MessageId[];
}

export interface DeadInboxReader {
  /** Messages that the agent's program gave up on. */
  deadLetters(query: DeadLetterQuery): readonly InboxMessage[];
  deadCounts(agent: string): readonly DeadLetterCount[];
}

export interface DeadInboxWriter extends DeadInboxReader {
  /** Offered again, from the first attempt on and until `expiresAt` at least. False when it is no dead letter. */
  offerAgain(agent: string, id: MessageId, expiresAt: number): boolean;
  /** Nobody will deal with it: it stays known until it is pruned, so that it is not taken again. Returns the ids that were dead. */
  purgeDead(of: { readonly agent: string; readonly sender?: AgentId }, ids: readonly MessageId[]): readonly MessageId[];
}
