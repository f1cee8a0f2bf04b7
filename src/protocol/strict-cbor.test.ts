import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { codeOf, decodeCbor, encodeCbor, fromHex, toHex } from '#kernel';
import { codeThrownBy } from '../../test/support/code-thrown-by.ts';
import { json } from '../../test/support/protocol-arbitraries.ts';
import { decodeStrictCbor } from './strict-cbor.ts';

describe('strict CBOR', () => {
  it('reads back every value that the kernel encodes', () => {
    fc.assert(
      fc.property(json, (value) => {
        expect(decodeStrictCbor(encodeCbor(value))).toEqual(value);
      }),
      { numRuns: 300 },
    );
  });

  it('reads what the kernel reads, for values of every kind', () => {
    const value = {
      a: [0, 23, 24, 255, 256, 65_536, 2 ** 32, Number.MAX_SAFE_INTEGER, -1, -256, -Number.MAX_SAFE_INTEGER],
    };
    const mixed = {
      ...value,
      b: [0.5, 0.1, 1e300, 1e20, null, true, false],
      c: Uint8Array.of(1, 2),
      d: 'é'.repeat(100),
    };
    const bytes = encodeCbor(mixed);
    expect(decodeStrictCbor(bytes)).toEqual(decodeCbor(bytes));
    expect(decodeStrictCbor(Buffer.from(bytes))).toEqual(mixed);
  });

  it('takes exactly the bytes that the kernel makes of the value, whatever single byte is changed', () => {
    fc.assert(
      fc.property(json, fc.nat(), fc.integer({ min: 1, max: 255 }), (value, where, change) => {
        const bytes = Uint8Array.from(encodeCbor(value));
        const index = where % bytes.length;
        bytes[index] = (bytes[index] ?? 0) ^ change;
        let decoded: unknown;
        try {
          decoded = decodeStrictCbor(bytes);
        } catch (error) {
          expect(codeOf(error)).toBe('MALFORMED');
          return;
        }
        expect(toHex(encodeCbor(decoded))).toBe(toHex(bytes));
      }),
      { numRuns: 2000 },
    );
  });

  it('keeps a byte order mark at the start of a text', () => {
    const text = `\ufeff${'x'.repeat(100)}`;
    expect(decodeStrictCbor(encodeCbor({ '\ufeffk': text, k: '\ufeff' }))).toEqual({ '\ufeffk': text, k: '\ufeff' });
  });

  it('takes the key __proto__ as a key like others', () => {
    const value = decodeStrictCbor(fromHex('a1695f5f70726f746f5f5fa1616101'));
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
    expect(Object.keys(value as object)).toEqual(['__proto__']);
  });

  it('gives byte strings that share nothing with the input', () => {
    const input = encodeCbor({ b: Uint8Array.of(1, 2, 3) });
    const { b } = decodeStrictCbor(input) as { b: Uint8Array };
    input.fill(0);
    expect(b).toEqual(Uint8Array.of(1, 2, 3));
  });

  it.each([
    ['nothing', ''],
    ['a second item', '0001'],
    ['a map with its keys in another order', 'a2616201616102'],
    ['a map with a key twice', 'a2616101616102'],
    ['a longer key before a shorter one', 'a262616101616202'],
    ['a key that is a number', 'a10102'],
    ['a number in more bytes than needed', '1817'],
    ['a length in more bytes than needed', '780161'],
    ['2^53', '1b0020000000000000'],
    ['-2^53', '3b001fffffffffffff'],
    ['1 as a float', 'f93c00'],
    ['minus zero', 'f98000'],
    ['0.5 as a double', 'fb3fe0000000000000'],
    ['not a number', 'f97e00'],
    ['infinity', 'f97c00'],
    ['undefined', 'f7'],
    ['a simple value', 'e0'],
    ['a simple value in two bytes', 'f8ff'],
    ['a tag', 'c000'],
    ['a list of indefinite length', '9f01ff'],
    ['a text of indefinite length', '7f6161ff'],
    ['a lone break', 'ff'],
    ['reserved length bits', '1c'],
    ['a text that is not UTF-8', '62c328'],
    ['a surrogate in a text', '63eda080'],
    ['a list that claims 2^53 - 1 entries', '9b001fffffffffffff'],
    ['bytes that claim 2^53 - 1 bytes', '5b001fffffffffffff00'],
    ['33 lists inside one another', `${'81'.repeat(33)}00`],
    ['100 000 lists inside one another', `${'81'.repeat(100_000)}00`],
  ])('refuses %s', (_what, hex) => {
    expect(codeThrownBy(() => decodeStrictCbor(fromHex(hex)))).toBe('MALFORMED');
  });

  it('takes 32 lists inside one another', () => {
    expect(toHex(encodeCbor(decodeStrictCbor(fromHex(`${'81'.repeat(32)}00`))))).toBe(`${'81'.repeat(32)}00`);
  });
});
