import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { defaultLimits } from '#kernel';
import { priorities, type Priority } from '#protocol';
import { FairTurns, nothingOvertaken } from './priority-turns.ts';

const { overtakeNormal, overtakeLow } = defaultLimits;

/** Takes `count` messages while all of these wait. */
function take(count: number, waiting: readonly Priority[], turns = new FairTurns(nothingOvertaken, defaultLimits)) {
  const taken: Priority[] = [];
  for (let n = 0; n < count; n += 1) {
    const priority = turns.next(new Set(waiting));
    turns.took(priority);
    taken.push(priority);
  }
  return taken;
}

/** The longest run of others before the priority, or behind its last. */
function longestWait(taken: readonly Priority[], priority: Priority): number {
  let longest = 0;
  let run = 0;
  for (const one of taken) {
    run = one === priority ? 0 : run + 1;
    longest = Math.max(longest, run);
  }
  return longest;
}

describe('turns of priorities', () => {
  it('let the most urgent go first', () => {
    expect(take(3, priorities)).toEqual(['high', 'high', 'high']);
    expect(take(3, ['normal', 'low'])).toEqual(['normal', 'normal', 'normal']);
    expect(take(2, ['low'])).toEqual(['low', 'low']);
  });

  it('let four high messages overtake a normal one, and sixteen others a low one, and no more', () => {
    expect([overtakeNormal, overtakeLow]).toEqual([4, 16]);
    const taken = take(1000, priorities);
    expect(longestWait(taken, 'normal')).toBe(5);
    expect(longestWait(taken, 'low')).toBe(16);
    expect(taken.slice(0, 5)).toEqual(['high', 'high', 'high', 'high', 'normal']);
    // Most of what goes is what is urgent.
    expect(taken.filter((one) => one === 'high').length).toBeGreaterThan(740);
  });

  it('go on where earlier ones ended', () => {
    const first = new FairTurns(nothingOvertaken, defaultLimits);
    take(3, ['high'], first);
    expect(take(2, priorities, new FairTurns(first.overtaken, defaultLimits))).toEqual(['high', 'normal']);
  });

  it('never take what does not wait, and keep the bound whatever comes and goes', () => {
    const arrivals = fc.array(fc.subarray([...priorities], { minLength: 1 }), { minLength: 1, maxLength: 200 });
    fc.assert(
      fc.property(arrivals, (waits) => {
        const turns = new FairTurns(nothingOvertaken, defaultLimits);
        let overtaken = 0;
        for (const waiting of waits) {
          const priority = turns.next(new Set(waiting));
          expect(waiting).toContain(priority);
          turns.took(priority);
          overtaken = waiting.includes('low') && priority !== 'low' ? overtaken + 1 : 0;
          expect(overtaken).toBeLessThanOrEqual(overtakeLow);
        }
      }),
    );
  });
});
