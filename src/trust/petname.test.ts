import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isName } from '#identity';
import { choosePetname } from './petname.ts';

const choose = (suggested: string, ...taken: readonly string[]): string =>
  choosePetname(suggested, (name) => taken.includes(name));

describe('a petname', () => {
  it('is the suggested name when that is free', () => {
    expect(choose('bob')).toBe('bob');
    expect(choose('a-')).toBe('a-');
  });

  it('gets the first free number when it is taken', () => {
    expect(choose('bob', 'bob')).toBe('bob-2');
    expect(choose('bob', 'bob', 'bob-2', 'bob-4')).toBe('bob-3');
  });

  it('stays within 63 characters with its number', () => {
    const long = 'a'.repeat(63);
    expect(choose(long, long)).toBe(`${'a'.repeat(61)}-2`);
  });

  it('is made from what is not a name as far as that goes', () => {
    expect(choose("Bob's PC")).toBe('bob-s-pc');
    expect(choose('../../peers/evil\0')).toBe('peers-evil');
    expect(choose('王')).toBe('contact');
    expect(choose('')).toBe('contact');
  });

  it('is always a name and never one that is taken', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 100 }), fc.nat(5), (text, depth) => {
        const taken = new Set<string>();
        for (let round = 0; round <= depth; round += 1) {
          const name = choosePetname(text, (candidate) => taken.has(candidate));
          expect(isName(name)).toBe(true);
          expect(taken.has(name)).toBe(false);
          taken.add(name);
        }
      }),
      { numRuns: 30 },
    );
  });
});
