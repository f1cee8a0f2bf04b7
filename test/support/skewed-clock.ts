import type { Clock } from '#kernel';

/** The clock of a machine that is set wrong, or jumps: time passes as for everybody. */
export class SkewedClock implements Clock {
  /** Ahead of the others; behind when negative. */
  skewMs: number;
  readonly #time: Clock;

  constructor(time: Clock, skewMs = 0) {
    this.#time = time;
    this.skewMs = skewMs;
  }

  now(): number {
    return this.#time.now() + this.skewMs;
  }

  monotonic(): number {
    return this.#time.monotonic();
  }

  sleep(ms: number, options: { readonly signal?: AbortSignal | undefined } = {}): Promise<void> {
    return this.#time.sleep(ms, options);
  }

  alarm(ms: number, ring: () => void): Disposable {
    return this.#time.alarm(ms, ring);
  }

  turn(): Promise<void> {
    return this.#time.turn();
  }
}
