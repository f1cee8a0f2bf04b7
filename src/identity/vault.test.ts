import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { codeOf, systemRandom, toHex, toUtf8 } from '#kernel';
import { createVault } from './vault.ts';

const key = new Uint8Array(32).fill(5);
const vault = createVault(key, systemRandom);
const codeOfOpening = (context: string, sealed: Uint8Array, by = vault): string => {
  try {
    by.open(context, sealed);
    return 'nothing was thrown';
  } catch (error) {
    return codeOf(error);
  }
};

describe('a vault', () => {
  it('gives back what was sealed, of any length', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 40 }), fc.uint8Array({ maxLength: 300 }), (context, plain) => {
        expect(vault.open(context, vault.seal(context, plain))).toEqual(plain);
      }),
      { numRuns: 50 },
    );
  });

  it('opens nothing for another context or with another key', () => {
    const sealed = vault.seal('session/1', toUtf8('state'));
    expect(codeOfOpening('session/2', sealed)).toBe('STORE_CORRUPT');
    expect(codeOfOpening('session/1', sealed, createVault(new Uint8Array(32).fill(6), systemRandom))).toBe(
      'STORE_CORRUPT',
    );
    expect(codeOfOpening('session/1', sealed, createVault(key, systemRandom))).toBe('nothing was thrown');
  });

  it('opens nothing that was changed or cut off, at any byte', () => {
    const sealed = vault.seal('a', toUtf8('state'));
    for (let index = 0; index < sealed.length; index += 1) {
      expect(
        codeOfOpening(
          'a',
          sealed.map((byte, place) => (place === index ? byte ^ 1 : byte)),
        ),
      ).toBe('STORE_CORRUPT');
      expect(codeOfOpening('a', sealed.subarray(0, index))).toBe('STORE_CORRUPT');
    }
  });

  it('seals the same text differently each time', () => {
    expect(toHex(vault.seal('a', toUtf8('state')))).not.toBe(toHex(vault.seal('a', toUtf8('state'))));
  });

  it('works on after more contexts than it keeps keys for', () => {
    const first = vault.seal('first', toUtf8('state'));
    for (let index = 0; index < 5000; index += 1) vault.seal(`row/${index}`, new Uint8Array());
    expect(vault.open('first', first)).toEqual(toUtf8('state'));
  });

  it('is not made of a key of another length', () => {
    expect(() => createVault(new Uint8Array(16), systemRandom)).toThrow(expect.objectContaining({ code: 'MALFORMED' }));
  });
});
