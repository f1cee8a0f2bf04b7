import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { codeOf, encodeCbor, toHex } from '#kernel';
import * as arbitrary from '../../test/support/protocol-arbitraries.ts';
import { codeThrownBy } from '../../test/support/code-thrown-by.ts';
import {
  decodeBatch,
  decodeContactAccept,
  decodeContactRequest,
  decodeFrame,
  decodeLinkOperation,
  decodeMessage,
  decodeReceipt,
  encodeBatch,
  encodeContactAccept,
  encodeContactRequest,
  encodeFrame,
  encodeLinkOperation,
  encodeMessage,
  encodeReceipt,
} from './index.ts';

interface Codec<T> {
  readonly values: fc.Arbitrary<T>;
  readonly encode: (value: T) => Uint8Array;
  readonly decode: (bytes: Uint8Array) => T;
}

checkCodec('message', { values: arbitrary.message, encode: encodeMessage, decode: decodeMessage });
checkCodec('frame', { values: arbitrary.frame, encode: encodeFrame, decode: decodeFrame });
checkCodec('receipt', { values: arbitrary.receipt, encode: encodeReceipt, decode: decodeReceipt });
checkCodec('batch', { values: arbitrary.batch, encode: encodeBatch, decode: decodeBatch });
checkCodec('link operation', {
  values: arbitrary.linkOperation,
  encode: encodeLinkOperation,
  decode: decodeLinkOperation,
});

checkCodec('contact request', {
  values: arbitrary.contactRequest,
  encode: encodeContactRequest,
  decode: decodeContactRequest,
});
checkCodec('contact acceptance', {
  values: arbitrary.contactAccept,
  encode: encodeContactAccept,
  decode: decodeContactAccept,
});

/** What holds for every noun on the wire. */
function checkCodec<T>(name: string, { values, encode, decode }: Codec<T>): void {
  describe(`the codec of a ${name}`, () => {
    it('decodes what it encoded', () => {
      fc.assert(
        fc.property(values, (value) => {
          expect(decode(encode(value))).toEqual(value);
        }),
        { numRuns: 200 },
      );
    });

    it('has one encoding, whatever the order in which the fields were given', () => {
      fc.assert(
        fc.property(values, (value) => {
          const reversed = Object.fromEntries(Object.entries(value as object).reverse()) as T;
          expect(toHex(encode(reversed))).toBe(toHex(encode(value)));
        }),
        { numRuns: 50 },
      );
    });

    it('refuses its bytes cut off at any place as MALFORMED', () => {
      fc.assert(
        fc.property(values, (value) => {
          const bytes = encode(value);
          for (let size = 0; size < bytes.length; size += 1) {
            expect(codeThrownBy(() => decode(bytes.subarray(0, size)))).toBe('MALFORMED');
          }
        }),
        { numRuns: 5 },
      );
    });

    it('refuses a byte more than there should be as MALFORMED', () => {
      fc.assert(
        fc.property(values, (value) => {
          expect(codeThrownBy(() => decode(Uint8Array.of(...encode(value), 0)))).toBe('MALFORMED');
        }),
        { numRuns: 20 },
      );
    });

    it('takes any changed byte for another value of this form, or refuses with a code', () => {
      fc.assert(
        fc.property(values, fc.nat(), fc.integer({ min: 1, max: 255 }), (value, where, change) => {
          const bytes = Uint8Array.from(encode(value));
          const index = where % bytes.length;
          bytes[index] = (bytes[index] ?? 0) ^ change;
          let decoded: T;
          try {
            decoded = decode(bytes);
          } catch (error) {
            expect(codeOf(error)).not.toBe('INTERNAL');
            return;
          }
          expect(decode(encode(decoded))).toEqual(decoded);
        }),
        { numRuns: 1000 },
      );
    });

    it('refuses bytes that are CBOR of something else with a code', () => {
      fc.assert(
        fc.property(arbitrary.json, (value) => {
          expect(['MALFORMED', 'UNSUPPORTED_VERSION']).toContain(codeThrownBy(() => decode(encodeCbor(value))));
        }),
        { numRuns: 100 },
      );
    });
  });
}
