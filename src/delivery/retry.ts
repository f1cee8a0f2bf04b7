import type { Limits, Random } from '#kernel';
import { allowedAt, type Breaker } from './breaker.ts';

export interface RetryInput {
  /** Attempts that failed in a row. */
  readonly failures: number;
  /** In the time of the breaker. */
  readonly now: number;
  readonly breaker: Breaker;
  readonly random: Random;
  readonly limits: Limits;
}

/**
 * When to try a route again: at once, then after 2, 4 and 8 s with ±20 % jitter, then at the slow pace; never before the
 * breaker allows it (PROTOCOL §7).
 */
export function nextAttemptAt(input: RetryInput): number {
  const { failures, now, breaker, random, limits } = input;
  const plainMs = failures === 0 ? 0 : (limits.quickRetryMs[failures - 1] ?? limits.slowRetryMs);
  const jittered = plainMs * (0.8 + 0.4 * random.fraction());
  return Math.max(allowedAt(breaker), failures > limits.quickRetryMs.length ? 0 : now + Math.round(jittered));
}
