import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Counted, Tally } from './tally.ts';

/** Rows as the database has them: the truth that a tally must agree with. */
class Rows {
  counts = new Map<string, Counted>();

  add(lane: number, slot: number, count: number): void {
    const key = `${lane}/${slot}`;
    this.counts.set(key, { lane, slot, count: (this.counts.get(key)?.count ?? 0) + count });
  }
}

const change = fc.record({
  lane: fc.nat(2),
  slot: fc.nat(2),
  count: fc.integer({ min: -3, max: 3 }),
  look: fc.boolean(),
});
const work = fc.record({ changes: fc.array(change, { maxLength: 5 }), fails: fc.boolean(), reset: fc.boolean() });

describe('a tally', () => {
  it('agrees with the rows after any works, undone ones and counts in the middle of them included', () => {
    fc.assert(
      fc.property(fc.array(work, { maxLength: 12 }), (works) => {
        const rows = new Rows();
        const tally = new Tally(() => [...rows.counts.values()]);
        for (const { changes, fails, reset } of works) {
          const mark = tally.mark;
          const before = new Map(rows.counts);
          for (const { lane, slot, count, look } of changes) {
            rows.add(lane, slot, count);
            tally.add(lane, slot, count);
            if (look) tally.get(lane, slot);
          }
          if (reset) tally.reset();
          if (fails) {
            rows.counts = before;
            tally.undoTo(mark);
          } else if (changes.length % 2 === 0) {
            tally.settle();
          }
        }
        const totals = new Map<number, number>();
        for (const { lane, slot, count } of rows.counts.values()) {
          expect(tally.get(lane, slot)).toBe(count);
          totals.set(slot, (totals.get(slot) ?? 0) + count);
        }
        for (const [slot, total] of totals) expect(tally.total(slot)).toBe(total);
      }),
      { numRuns: 300 },
    );
  });

  it('counts once, when first asked', () => {
    let counts = 0;
    const tally = new Tally(() => {
      counts += 1;
      return [{ lane: 1, slot: 0, count: 5 }];
    });
    tally.add(1, 0, 99);
    expect(counts).toBe(0);
    expect([tally.get(1, 0), tally.get(1, 1), tally.get(2, 0)]).toEqual([5, 0, 0]);
    tally.add(1, 0, -5);
    expect([...tally.slots(1)]).toEqual([]);
    expect(counts).toBe(1);
  });
});
