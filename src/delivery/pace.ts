import type { MeshError } from '#kernel';
import { afterFailure, type Breaker, type BreakerState, breakerState, closedBreaker } from './breaker.ts';
import type { CourierOptions, RouteStatus } from './courier-ports.ts';
import { nextAttemptAt } from './retry.ts';

/** When a route may be tried again, from how its attempts went (PROTOCOL §7). Counts in time that passes, whatever the wall clock is set to. */
export class Pace {
  readonly #options: Pick<CourierOptions, 'clock' | 'random' | 'limits'>;
  #breaker: Breaker = closedBreaker;
  #failures = 0;
  #faulty = false;
  #attemptAt = 0;
  #lastError: RouteStatus['lastError'];

  constructor(options: Pick<CourierOptions, 'clock' | 'random' | 'limits'>) {
    this.#options = options;
  }

  /** Until the next attempt; 0 is at once. */
  get waitMs(): number {
    return Math.max(0, this.#attemptAt - this.#options.clock.monotonic());
  }

  /** In a row. */
  get failures(): number {
    return this.#failures;
  }

  get breaker(): BreakerState {
    return breakerState(this.#breaker, this.#options.clock.monotonic());
  }

  get lastError(): RouteStatus['lastError'] {
    return this.#lastError;
  }

  /** The far end answers. That does not cure a fault above the link. */
  recovered(): void {
    if (!this.#faulty) this.cured();
  }

  /** Something got through that proves the whole way, or there is a reason to begin anew. */
  cured(): void {
    this.#faulty = false;
    this.#failures = 0;
    this.#breaker = closedBreaker;
    this.#attemptAt = 0;
  }

  /** A link is up: what went wrong before is no news any more, but only what gets through counts as recovered. */
  forgive(): void {
    if (!this.#faulty) this.#lastError = undefined;
  }

  /** What fails is above the link (no session can be made): else every link that comes up would begin it anew at once. */
  fault(): void {
    this.#faulty = true;
  }

  failed({ code, message }: MeshError): void {
    const { clock, limits, random } = this.#options;
    const now = clock.monotonic();
    this.#failures += 1;
    this.#breaker = afterFailure(this.#breaker, now, limits);
    this.#lastError = { code, message, at: clock.now() };
    this.#attemptAt = nextAttemptAt({ failures: this.#failures, now, breaker: this.#breaker, random, limits });
  }
}
