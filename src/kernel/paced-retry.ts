import { type Backoff, backoffMs } from './backoff.ts';
import type { Clock } from './clock.ts';
import type { Random } from './random.ts';

export interface PacedRetryOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly pace: Backoff;
}

/** Until something is tried again: longer each time in a row. */
export class PacedRetry {
  readonly #options: PacedRetryOptions;
  readonly #stop = new AbortController();
  #times = 0;
  #waiting = false;

  constructor(options: PacedRetryOptions) {
    this.#options = options;
  }

  /** Calls `tryAgain` after a pause; asking again during it is once. */
  later(tryAgain: () => void): void {
    if (this.#waiting || this.#stop.signal.aborted) return;
    this.#waiting = true;
    this.#times += 1;
    const { clock, random, pace } = this.#options;
    void clock.sleep(backoffMs(pace, this.#times, random), { signal: this.#stop.signal }).then(
      () => {
        this.#waiting = false;
        tryAgain();
      },
      () => undefined,
    );
  }

  /** It went well: the next pause is the shortest again. */
  succeeded(): void {
    this.#times = 0;
  }

  /** Nothing is tried any more. */
  stop(): void {
    this.#stop.abort();
  }
}
