import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { codeOf } from '#kernel';
import {
  decodeIncarnation,
  encodeIncarnation,
  isLater,
  signIncarnation,
  type VerifiedIncarnation,
} from './incarnation.ts';
import { keyPairFromSeed } from './key-pair.ts';

const root = keyPairFromSeed(new Uint8Array(32).fill(1));
const life = (number: number, last = 0) => ({ number, id: new Uint8Array(16).fill(last), asOf: 5 });

describe('an incarnation', () => {
  it('goes through its bytes unchanged', () => {
    const made = signIncarnation(root, life(7));
    expect(decodeIncarnation(encodeIncarnation(made))).toEqual(made);
  });

  it('is a type that a spread of a verified one does not have', () => {
    const made = signIncarnation(root, life(7));
    const needsVerified = (incarnation: VerifiedIncarnation): number => incarnation.number;
    // @ts-expect-error a changed copy was not verified
    expect(needsVerified({ ...made, number: 8 })).toBe(8);
    expect(Object.isFrozen(made)).toBe(true);
  });

  it('is not signed for a life without number', () => {
    expect(codeOf(thrownBy(() => signIncarnation(root, life(0))))).toBe('MALFORMED');
  });
});

describe('of two lives', () => {
  it('every one is later than none, and none is later than nothing', () => {
    expect(isLater(life(1), undefined)).toBe(true);
    expect(isLater(undefined, life(1))).toBe(false);
    expect(isLater(undefined, undefined)).toBe(false);
  });

  it('exactly one is later unless they are the same, and the order has no circles', () => {
    const any = fc.record({
      number: fc.integer({ min: 1, max: 3 }),
      id: fc.uint8Array({ minLength: 16, maxLength: 16 }),
    });
    fc.assert(
      fc.property(any, any, any, (a, b, c) => {
        const same = a.number === b.number && Buffer.compare(a.id, b.id) === 0;
        expect([isLater(a, b), isLater(b, a)].filter(Boolean)).toHaveLength(same ? 0 : 1);
        if (isLater(a, b) && isLater(b, c)) expect(isLater(a, c)).toBe(true);
      }),
    );
  });
});

function thrownBy(action: () => unknown): unknown {
  try {
    return action();
  } catch (error) {
    return error;
  }
}
