import { type Backoff, backoffMs, type Clock, type Limits, type Random } from '#kernel';

export interface StorePauseOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly limits: Pick<Limits, 'storeRetryMs' | 'storeMaxRetryMs'>;
}

/** Until what could not be stored is tried again: longer each time in a row. */
export class StorePause {
  readonly #options: StorePauseOptions;
  readonly #stop = new AbortController();
  #failures = 0;
  #waiting = false;

  constructor(options: StorePauseOptions) {
    this.#options = options;
  }

  /** Calls `tryAgain` after a pause; asking twice during it is once. */
  failed(tryAgain: () => void): void {
    if (this.#waiting) return;
    this.#waiting = true;
    this.#failures += 1;
    const { clock, random } = this.#options;
    void clock.sleep(backoffMs(this.#pace, this.#failures, random), { signal: this.#stop.signal }).then(
      () => {
        this.#waiting = false;
        tryAgain();
      },
      () => undefined,
    );
  }

  stored(): void {
    this.#failures = 0;
  }

  /** Nothing is tried any more. */
  stop(): void {
    this.#stop.abort();
  }

  get #pace(): Backoff {
    const { storeRetryMs: firstMs, storeMaxRetryMs: maxMs } = this.#options.limits;
    return { firstMs, maxMs };
  }
}
