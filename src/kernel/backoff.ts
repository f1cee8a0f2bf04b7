import type { Random } from './random.ts';

export interface Backoff {
  readonly firstMs: number;
  readonly maxMs: number;
}

/** Delay before attempt `attempt` (1 is the first repeat): doubled each time, capped, with ±20 % jitter. */
export function backoffMs(backoff: Backoff, attempt: number, random: Random): number {
  const plain = Math.min(backoff.maxMs, backoff.firstMs * 2 ** Math.max(0, attempt - 1));
  return Math.round(plain * (0.8 + 0.4 * random.fraction()));
}
