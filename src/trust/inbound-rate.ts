import type { Limits } from '#kernel';
import type { Tier } from './contact.ts';

/** How much may still come in from a contact, as it was at a time of the monotonic clock: state that depends on time is worked out when read. */
export interface InboundRate {
  /** Messages; below 0 after a frame that held more than was left. */
  readonly left: number;
  readonly at: number;
}

interface Bound {
  readonly perMinute: number;
  readonly burst: number;
}

/** Undefined for tiers that only the room in the inbox bounds. */
function boundOf(tier: Tier, limits: Limits): Bound | undefined {
  switch (tier) {
    case 'trusted':
    case 'owner':
      return undefined;
    case 'bounded':
      return { perMinute: limits.boundedMessagesPerMinute, burst: limits.boundedMessageBurst };
    case 'notify':
    case 'blocked':
      return { perMinute: limits.notifyMessagesPerMinute, burst: limits.notifyMessageBurst };
  }
}

interface RateQuestion {
  readonly rate: InboundRate | undefined;
  readonly tier: Tier;
  /** Monotonic, in ms. */
  readonly now: number;
  readonly limits: Limits;
}

/**
 * In how many ms the next message of the contact may come; 0 when it may now (spec 11.8). `spare` messages more may come before: those that
 * are under way when the sender learns that it has to wait.
 */
export function waitMsFor({ rate, tier, now, limits }: RateQuestion, spare = 0): number {
  const bound = boundOf(tier, limits);
  if (bound === undefined) return 0;
  const left = leftNow(rate, bound, now);
  return left >= 1 - spare ? 0 : Math.ceil(((1 - left) * 60_000) / bound.perMinute);
}

/** So many messages were taken: a frame is taken whole, whatever is in it, and what was too much is waited for afterwards. */
export function afterMessages({ rate, tier, now, limits }: RateQuestion, count: number): InboundRate | undefined {
  const bound = boundOf(tier, limits);
  return bound && { left: leftNow(rate, bound, now) - count, at: now };
}

function leftNow(rate: InboundRate | undefined, { perMinute, burst }: Bound, now: number): number {
  if (rate === undefined) return burst;
  return Math.min(burst, rate.left + ((now - rate.at) * perMinute) / 60_000);
}
