import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeCbor, toHex } from '#kernel';
import { BlobPiece, readBlobPiece } from './blob-piece.ts';

const pieces = fc.record({
  n: fc.oneof(fc.constantFrom(0, 23, 24, 255, 256, 65_535, 65_536, 2 ** 32 - 1, 2 ** 32), fc.maxSafeNat()),
  bytes: fc.uint8Array({ minLength: 1, maxLength: 300 }),
});

const sealed = (n: number, bytes: Uint8Array): Uint8Array => {
  const piece = new BlobPiece(bytes.length + 7);
  piece.bytes(bytes.length).set(bytes);
  return piece.seal(n, bytes.length);
};

describe('a piece of a blob, encoded by hand', () => {
  it('has the bytes that the general codec makes', () => {
    fc.assert(
      fc.property(pieces, ({ n, bytes }) => {
        expect(toHex(sealed(n, bytes))).toBe(toHex(encodeCbor({ op: 'blob', n, bytes: new Uint8Array(bytes) })));
      }),
    );
  });

  it.each([1, 23, 24, 255, 256, 65_535, 65_536])('has them with %i bytes too', (length) => {
    const bytes = new Uint8Array(length).fill(7);
    expect(toHex(sealed(9, bytes))).toBe(toHex(encodeCbor({ op: 'blob', n: 9, bytes })));
  });

  it('is used again for less, and holds nothing of what was before', () => {
    const piece = new BlobPiece(100);
    piece.bytes(100).fill(1);
    piece.seal(2 ** 40, 100);
    piece.bytes(3).fill(2);
    expect(toHex(piece.seal(1, 3))).toBe(toHex(encodeCbor({ op: 'blob', n: 1, bytes: Uint8Array.of(2, 2, 2) })));
  });

  it('is read back where it lies', () => {
    fc.assert(
      fc.property(pieces, ({ n, bytes }) => {
        const whole = sealed(n, bytes);
        const found = readBlobPiece(whole);
        // Larger numbers are for the general codec.
        if (n >= 2 ** 32) expect(found).toBeUndefined();
        else
          expect([found?.n, found?.bytes.buffer === whole.buffer, toHex(found?.bytes ?? new Uint8Array())]).toEqual([
            n,
            true,
            toHex(bytes),
          ]);
      }),
    );
  });

  it('is nothing else: every other byte in its head makes it none, or another number', () => {
    const whole = sealed(300, new Uint8Array(30).fill(5));
    const headBytes = whole.length - 30;
    for (let at = 0; at < headBytes; at += 1) {
      const changed = whole.map((byte, index) => (index === at ? byte ^ 0x11 : byte));
      const found = readBlobPiece(changed);
      if (found !== undefined) expect([found.n === 300, found.bytes.length]).toEqual([false, 30]);
    }
    for (let length = 0; length < whole.length; length += 1)
      expect(readBlobPiece(whole.subarray(0, length))).toBeUndefined();
  });
});
