import type { ErrorCode } from '#kernel';
import type { Finding } from '#guard';
import type { AgentId } from '#identity';
import type { LeasedMessage, Overtaken } from '#delivery';
import type { MessageType } from '#protocol';

/** What a program takes now. */
export interface Turns {
  readonly types: readonly MessageType[];
  readonly limit: number;
  /** Where the priorities go on. */
  readonly overtaken: Overtaken;
}

/** What is leased, with what the guard saw in it. */
export interface OfferedMessage extends LeasedMessage {
  readonly findings?: readonly Finding[];
}

export interface Leased {
  readonly messages: readonly OfferedMessage[];
  /** Peers for whom receipts were queued. */
  readonly told: readonly AgentId[];
  /** What was found to be no use to the program any more. */
  readonly buried?: readonly { readonly message: LeasedMessage; readonly reason: ErrorCode }[];
  /** Where the priorities go on once this is durable; absent when nothing was leased. */
  readonly overtaken?: Overtaken;
}

export const nothingLeased: Leased = { messages: [], told: [] };

/** The turns of a program that waits for work. It leases nothing itself until it has them back. */
export interface LentTurns extends Turns {
  /** Ends the loan with what was leased and is durable now; with nothing when it could not be stored. */
  giveBack(leased: Leased): void;
}
