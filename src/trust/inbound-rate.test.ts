import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { defaultLimits } from '#kernel';
import { tiers } from './contact.ts';
import { afterMessages, type InboundRate, waitMsFor } from './inbound-rate.ts';

const limits = { ...defaultLimits, boundedMessagesPerMinute: 60, boundedMessageBurst: 10 };
const bounded = (rate: InboundRate | undefined, now: number) => ({ rate, tier: 'bounded' as const, now, limits });

describe('the rate at which messages of a contact are taken', () => {
  it('has a burst, then as many a minute as the tier has', () => {
    const spent = afterMessages(bounded(undefined, 0), 10);
    expect(waitMsFor(bounded(undefined, 0))).toBe(0);
    expect(waitMsFor(bounded(spent, 0))).toBe(1000);
    expect(waitMsFor(bounded(spent, 500))).toBe(500);
    expect(waitMsFor(bounded(spent, 1000))).toBe(0);
    expect(waitMsFor(bounded(spent, 3_600_000))).toBe(0);
    expect(afterMessages(bounded(spent, 3_600_000), 1)).toEqual({ left: 9, at: 3_600_000 });
  });

  it('waits longer after a frame that held more than was left', () => {
    const owing = afterMessages(bounded(undefined, 0), 40);
    expect(waitMsFor(bounded(owing, 0))).toBe(31_000);
    expect(waitMsFor(bounded(owing, 31_000))).toBe(0);
  });

  it('bounds nothing of who is trusted, and most of who may only leave messages', () => {
    const bounds = tiers.map((tier) => {
      const rate = afterMessages({ rate: undefined, tier, now: 0, limits }, 1_000_000);
      return [tier, waitMsFor({ rate, tier, now: 0, limits }) > 0];
    });
    expect(Object.fromEntries(bounds)).toEqual({
      blocked: true,
      notify: true,
      bounded: true,
      trusted: false,
      owner: false,
    });
    expect(defaultLimits.notifyMessagesPerMinute).toBeLessThan(defaultLimits.boundedMessagesPerMinute);
  });

  it('takes so many more as may be under way', () => {
    const spent = afterMessages(bounded(undefined, 0), 12);
    expect(waitMsFor(bounded(spent, 0), 2)).toBe(3000);
    expect(waitMsFor(bounded(spent, 0), 3)).toBe(0);
  });

  it('is kept on average by whoever waits as long as it is told', () => {
    const frames = fc.array(fc.integer({ min: 1, max: 256 }), { minLength: 5, maxLength: 40 });
    fc.assert(
      fc.property(frames, (counts) => {
        let rate: InboundRate | undefined;
        let now = 0;
        let taken = 0;
        for (const count of counts) {
          now += waitMsFor(bounded(rate, now));
          rate = afterMessages(bounded(rate, now), count);
          expect(taken).toBeLessThanOrEqual(limits.boundedMessageBurst + now / 1000);
          taken += count;
        }
      }),
    );
  });
});
