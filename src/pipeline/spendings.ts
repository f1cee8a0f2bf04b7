import { type Budget, withBack } from '#trust';

/** A part of the budget of a message that came in, on its way to the ledger with the message that takes it along. */
export interface Spending {
  /** `seq` of the message of the inbox. */
  readonly cause: number;
  /** What is left of it when nothing of it was given away. */
  readonly whole: Budget;
  readonly taken: Budget;
  /** The ledger has it, or it was undone with its transaction. */
  isWritten: boolean;
}

const nothing: Budget = { turns: 0, hops: 0, tokens: 0, costUsd: 0 };

/** What was taken and is not in the ledger yet, so that two messages that are composed at once do not take the same. */
export class Spendings {
  readonly #open = new Map<number, Set<Spending>>();

  begin(spending: Omit<Spending, 'isWritten'>): Spending {
    const begun = { ...spending, isWritten: false };
    const others = this.#open.get(begun.cause);
    if (others === undefined) this.#open.set(begun.cause, new Set([begun]));
    else others.add(begun);
    return begun;
  }

  /** It is in the ledger, or never will be. */
  end(spending: Spending): void {
    const others = this.#open.get(spending.cause);
    others?.delete(spending);
    if (others?.size === 0) this.#open.delete(spending.cause);
  }

  /** All that was taken of one message and is not in the ledger; undefined when there is nothing. */
  of(cause: number): Budget | undefined {
    const open = [...(this.#open.get(cause) ?? [])].filter(({ isWritten }) => !isWritten);
    return open.length === 0 ? undefined : open.reduce((sum, { taken }) => withBack(sum, taken), nothing);
  }
}
