import type { MessageId } from '#protocol';
import type { Budget } from './budget.ts';

/** What went out with a message, and because of what. */
export interface Given {
  /** `seq` of the inbox message whose budget it was taken off; undefined for one that nothing caused. */
  readonly cause: number | undefined;
  readonly given: Budget;
  /** What answers to it brought back. */
  readonly back: Budget;
}

/**
 * The ledger (spec 14.3). A message of the inbox has a row from the first time that something of its budget was given away; until then
 * all of it is left, as the message itself says.
 */
export interface BudgetReader {
  /** What is left of the inbox message with this `seq`; undefined while nothing was given away. */
  left(seq: number): Budget | undefined;
  given(agent: string, message: MessageId): Given | undefined;
}

export interface BudgetWriter extends BudgetReader {
  setLeft(seq: number, left: Budget): void;
  setGiven(agent: string, message: MessageId, given: Given): void;
  /** Drops rows of messages that are not kept any more. Returns how many. */
  prune(): number;
}
