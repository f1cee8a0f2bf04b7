import type { NewOutboxMessage } from '#delivery';
import type { Priority } from '#protocol';
import type { Judged } from './guard-store.ts';
import type { Spending } from './spendings.ts';

/** A message that was accepted in memory and waits for its commit. */
export interface Arrival {
  readonly message: NewOutboxMessage;
  /** What it takes along of the budget of its cause. */
  readonly spending?: Spending | undefined;
  /** What the guard saw in it. */
  readonly judged?: Judged | undefined;
  readonly committed: PromiseWithResolvers<void>;
}

/** Arrivals in the order they came. There may be thousands, so that nothing here looks through all of them unless it must. */
export class Arrivals implements Iterable<Arrival> {
  #queue: Arrival[] = [];
  /** How many there are of each priority; none is absent. */
  readonly #counts = new Map<Priority, number>();

  get length(): number {
    return this.#queue.length;
  }

  /** More than one priority waits. */
  get isMixed(): boolean {
    return this.#counts.size > 1;
  }

  [Symbol.iterator](): Iterator<Arrival> {
    return this.#queue.values();
  }

  push(arrival: Arrival): void {
    this.#queue.push(arrival);
    this.#count([arrival], 1);
  }

  /** Puts these before all others, as they were. */
  putBack(taken: readonly Arrival[]): void {
    this.#queue.unshift(...taken);
    this.#count(taken, 1);
  }

  /** Takes so many of the first. */
  take(count: number): readonly Arrival[] {
    const taken = this.#queue.splice(0, count);
    this.#count(taken, -1);
    return taken;
  }

  takeAll(): readonly Arrival[] {
    return this.take(this.length);
  }

  takeThese(taken: ReadonlySet<Arrival>): void {
    this.#queue = this.#queue.filter((arrival) => !taken.has(arrival));
    this.#count(taken, -1);
  }

  #count(arrivals: Iterable<Arrival>, sign: 1 | -1): void {
    for (const { message } of arrivals) {
      const count = (this.#counts.get(message.priority) ?? 0) + sign;
      if (count === 0) this.#counts.delete(message.priority);
      else this.#counts.set(message.priority, count);
    }
  }
}
