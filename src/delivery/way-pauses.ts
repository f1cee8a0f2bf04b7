import { type Backoff, backoffMs, type Clock, type Random } from '#kernel';

/** When each of several ways may be tried again: later each time in a row that it failed. */
export class WayPauses {
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #random: Random;
  readonly #pauses = new Map<string, { readonly failures: number; readonly until: number }>();

  constructor({ clock, random }: { readonly clock: Pick<Clock, 'monotonic'>; readonly random: Random }) {
    this.#clock = clock;
    this.#random = random;
  }

  /** By the monotonic clock; 0 for a way that did not fail. */
  until(way: string): number {
    return this.#pauses.get(way)?.until ?? 0;
  }

  /** `atLeastMs` when the far end said how long. */
  failed(way: string, pace: Backoff, atLeastMs = 0): void {
    const failures = (this.#pauses.get(way)?.failures ?? 0) + 1;
    const pause = Math.max(atLeastMs, backoffMs(pace, failures, this.#random));
    this.#pauses.set(way, { failures, until: this.#clock.monotonic() + pause });
  }

  worked(way: string): void {
    this.#pauses.delete(way);
  }
}
