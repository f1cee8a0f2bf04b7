import { encode } from 'cborg';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toHex } from './bytes.ts';
import { decodeCbor, encodeCbor } from './cbor.ts';
import { CborWriter } from './cbor-writer.ts';

const texts = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 300 }),
  fc.string({ unit: 'grapheme-ascii', maxLength: 300 }),
  fc.string({ maxLength: 24 }),
);
const keys = fc.oneof(
  fc.string({ unit: 'grapheme-ascii', maxLength: 30 }),
  fc.string({ unit: 'binary', maxLength: 5 }),
);
const numbers = fc.oneof(
  fc.maxSafeInteger(),
  fc.integer({ min: -70_000, max: 70_000 }),
  fc.double({ noNaN: true, noDefaultInfinity: true }).filter((value) => !Object.is(value, -0)),
  fc.float({ noNaN: true, noDefaultInfinity: true }).filter((value) => !Object.is(value, -0)),
  fc.constantFrom(23, 24, 255, 256, 65_535, 65_536, 4_294_967_295, 4_294_967_296, Number.MAX_SAFE_INTEGER),
);
const { value: values } = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    texts,
    numbers,
    fc.boolean(),
    fc.constant(null),
    fc.uint8Array({ maxLength: 300 }),
    fc.array(tie('value'), { maxLength: 30 }),
    fc.dictionary(keys, tie('value'), { maxKeys: 30, noNullPrototype: false }),
  ),
}));

describe('encodeCbor', () => {
  it('makes the bytes that the codec of the library makes, of any value', () => {
    fc.assert(
      fc.property(values, (value) => {
        expect(toHex(encodeCbor(value))).toBe(toHex(encode(value)));
      }),
      { numRuns: 2000 },
    );
  });

  it('makes bytes that are read as the same value', () => {
    const value = { b: 1, a: [1.5, 0.1, -1, 'ü', new Uint8Array([1])], aa: null, B: { '': true } };
    expect(decodeCbor(encodeCbor(value))).toEqual(value);
  });

  it('leaves what it has encoded alone when it encodes something else', () => {
    const first = encodeCbor({ text: 'first' });
    const before = toHex(first);
    encodeCbor({ text: 'other' });
    expect(toHex(first)).toBe(before);
  });

  it('encodes a value whose property encodes another one', () => {
    const inner = { deep: [1, 2, 3] };
    const outer = {
      a: 'before',
      get b(): Uint8Array {
        return encodeCbor(inner);
      },
      c: 'behind',
    };
    expect(toHex(encodeCbor(outer))).toBe(toHex(encode({ a: 'before', b: encode(inner), c: 'behind' })));
  });

  it('encodes what is larger than a frame', () => {
    const value = { text: 'x'.repeat(300_000), bytes: new Uint8Array(300_000) };
    expect(decodeCbor(encodeCbor(value))).toEqual(value);
  });
});

describe('CborWriter', () => {
  it('writes itself what messages consist of', () => {
    const message = { id: 'msg_1', ttl: 60, payload: { body: 'ä'.repeat(100), metadata: { at: 1.0000001, n: -3 } } };
    const written = new CborWriter().encode(message);
    expect(written && toHex(written)).toBe(toHex(encode(message)));
  });

  const circle: { self?: unknown } = {};
  circle.self = circle;
  it.each([
    ['undefined', { a: undefined }],
    ['a number that is not finite', [Number.NaN]],
    ['a short float', [1.5]],
    ['a whole number beyond 2^53', [2 ** 60]],
    ['a bigint', [1n]],
    ['a date', [new Date(0)]],
    ['a map', [new Map()]],
    ['a key that is not ASCII', { ä: 1 }],
    ['text that is not well-formed', ['\ud800']],
    ['what holds itself', circle],
    ['what does not fit', 'x'.repeat(200_000)],
  ])('leaves %s to others', (_, value) => {
    expect(new CborWriter().encode(value)).toBeUndefined();
  });
});
