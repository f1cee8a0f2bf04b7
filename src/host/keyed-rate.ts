import type { Clock } from '#kernel';

export interface KeyedRateOptions {
  readonly clock: Pick<Clock, 'monotonic'>;
  /** How many in how long, once the burst is used up. */
  readonly count: number;
  readonly perMs: number;
  readonly burst: number;
  /** Those that took longest ago are forgotten first. */
  readonly maxKeys: number;
}

/** How often something may happen for each of many keys: so many in a time, and a burst at first. */
export class KeyedRate {
  readonly #options: KeyedRateOptions;
  /** Until when what a key took would last at the steady rate. The one that took longest ago comes first. */
  readonly #busyUntil = new Map<string, number>();

  constructor(options: KeyedRateOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#busyUntil.size;
  }

  /** Takes one; the milliseconds to wait when there is none, else 0. */
  take(key: string): number {
    const { clock, count, perMs, burst, maxKeys } = this.#options;
    const now = clock.monotonic();
    const eachMs = perMs / count;
    const before = Math.max(now, this.#busyUntil.get(key) ?? now);
    const waitMs = Math.max(0, before + eachMs - now - burst * eachMs);
    this.#busyUntil.delete(key);
    this.#busyUntil.set(key, waitMs > 0 ? before : before + eachMs);
    const [oldest] = this.#busyUntil.keys();
    if (this.#busyUntil.size > maxKeys && oldest !== undefined) this.#busyUntil.delete(oldest);
    return Math.ceil(waitMs);
  }
}
