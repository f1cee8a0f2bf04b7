import type { Limits } from '#kernel';

/** Circuit breaker of one route as a value (PROTOCOL §7): the state is worked out from the time when it is read, so there are no timers. */
export interface Breaker {
  readonly failures: number;
  /** When the last failure was, while open. */
  readonly openedAt?: number;
  readonly cooldownMs: number;
}

export type BreakerState = 'closed' | 'open' | 'half-open';

export const closedBreaker: Breaker = { failures: 0, cooldownMs: 0 };

/** `half-open` means that one probe may go. */
export function breakerState(breaker: Breaker, now: number): BreakerState {
  if (breaker.openedAt === undefined) return 'closed';
  return now >= breaker.openedAt + breaker.cooldownMs ? 'half-open' : 'open';
}

/** The time from which on an attempt is allowed. */
export const allowedAt = (breaker: Breaker): number =>
  breaker.openedAt === undefined ? 0 : breaker.openedAt + breaker.cooldownMs;

/** Opens after `breakerFailures` failures in a row; a failed probe doubles the cooldown up to `breakerMaxCooldownMs`. */
export function afterFailure(breaker: Breaker, now: number, limits: Limits): Breaker {
  const failures = breaker.failures + 1;
  if (failures < limits.breakerFailures) return { failures, cooldownMs: 0 };
  const cooldownMs =
    breaker.cooldownMs === 0 ? limits.breakerCooldownMs : Math.min(breaker.cooldownMs * 2, limits.breakerMaxCooldownMs);
  return { failures, openedAt: now, cooldownMs };
}
