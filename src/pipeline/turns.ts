import type { AgentId } from '#identity';
import type { InboxMessage } from '#delivery';
import type { MessageType } from '#protocol';

/** What a program takes now. */
export interface Turns {
  readonly types: readonly MessageType[];
  readonly limit: number;
}

export interface Leased {
  readonly messages: readonly InboxMessage[];
  /** Peers for whom receipts were queued. */
  readonly told: readonly AgentId[];
}

export const nothingLeased: Leased = { messages: [], told: [] };

/** The turns of a program that waits for work. It leases nothing itself until it has them back. */
export interface LentTurns extends Turns {
  /** Ends the loan with what was leased and is durable now; with nothing when it could not be stored. */
  giveBack(leased: Leased): void;
}
