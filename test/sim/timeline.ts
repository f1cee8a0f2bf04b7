export interface Task {
  readonly at: number;
  cancelled: boolean;
}

interface Entry extends Task {
  readonly order: number;
  run(): void;
}

/**
 * Time and what happens in it: a queue of tasks, each of which runs until nothing is left to do but to wait for other tasks. Nothing else
 * in the process may wait for a timer, a thread or a file, so that the order of everything is the order of this queue.
 */
export class Timeline {
  /** In order: a binary heap. */
  readonly #heap: Entry[] = [];
  #now = 0;
  #orders = 0;
  #steps = 0;

  /** Milliseconds since the beginning, with fractions. */
  get now(): number {
    return this.#now;
  }

  /** Tasks that ran. */
  get steps(): number {
    return this.#steps;
  }

  schedule(delayMs: number, run: () => void): Task {
    this.#orders += 1;
    const entry: Entry = { at: this.#now + Math.max(0, delayMs), order: this.#orders, cancelled: false, run };
    this.#heap.push(entry);
    this.#up(this.#heap.length - 1);
    return entry;
  }

  /** Runs tasks until `done` or until the time; true when it was done. */
  async runUntil(done: () => boolean, endAt: number): Promise<boolean> {
    for (;;) {
      if (done()) return true;
      const next = this.#take(endAt);
      if (next === undefined) break;
      this.#now = next.at;
      this.#steps += 1;
      next.run();
      await everythingDone();
    }
    this.#now = Math.max(this.#now, endAt);
    return false;
  }

  runTo(endAt: number): Promise<boolean> {
    return this.runUntil(() => false, endAt);
  }

  #take(endAt: number): Entry | undefined {
    for (;;) {
      const first = this.#heap[0];
      if (first === undefined || (first.at > endAt && !first.cancelled)) return undefined;
      const last = this.#heap.pop();
      if (last !== undefined && this.#heap.length > 0) {
        this.#heap[0] = last;
        this.#down(0);
      }
      if (!first.cancelled) return first;
    }
  }

  #up(start: number): void {
    let index = start;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!this.#isBefore(index, parent)) return;
      this.#swap(index, parent);
      index = parent;
    }
  }

  #down(start: number): void {
    let index = start;
    for (;;) {
      let best = index;
      for (const child of [2 * index + 1, 2 * index + 2]) {
        if (child < this.#heap.length && this.#isBefore(child, best)) best = child;
      }
      if (best === index) return;
      this.#swap(index, best);
      index = best;
    }
  }

  #isBefore(one: number, other: number): boolean {
    const [a, b] = [this.#heap[one], this.#heap[other]];
    if (a === undefined || b === undefined) return false;
    return a.at < b.at || (a.at === b.at && a.order < b.order);
  }

  #swap(one: number, other: number): void {
    const [a, b] = [this.#heap[one], this.#heap[other]];
    if (a === undefined || b === undefined) return;
    this.#heap[one] = b;
    this.#heap[other] = a;
  }
}

/** The promises of a turn of the event loop are all settled before the next one begins. */
const everythingDone = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));
