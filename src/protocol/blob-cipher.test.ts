import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concatBytes, toHex } from '#kernel';
import { BlobIdMaker, chunkIdOf, ChunkIdMaker, chunkKeyOf, isChunk, openChunk, sealChunk } from './blob-cipher.ts';
import { blobShape, bytesInChunks, chunkPlace } from './blob-shape.ts';

const chunkBytes = 16;
const key = chunkKeyOf(new Uint8Array(32).fill(3));

const sealedOf = (plain: Uint8Array): readonly Uint8Array[] => {
  const { chunks } = blobShape(plain.length, chunkBytes);
  return Array.from({ length: chunks }, (_, no) =>
    concatBytes(
      ...sealChunk(key, { no, isLast: no === chunks - 1 }, plain.subarray(no * chunkBytes, (no + 1) * chunkBytes)),
    ),
  );
};

const opens = (chunks: readonly Uint8Array[]): boolean =>
  chunks.every((sealed, no) => isChunk(key, { no, isLast: no === chunks.length - 1 }, sealed));

const files = fc.uint8Array({ maxLength: 100 }).map((bytes) => new Uint8Array(bytes));

describe('the chunks of a file', () => {
  it('open to the file, whatever its size', () => {
    fc.assert(
      fc.property(files, (plain) => {
        const chunks = sealedOf(plain);
        const opened = chunks.map((sealed, no) => openChunk(key, { no, isLast: no === chunks.length - 1 }, sealed));
        expect(toHex(concatBytes(...opened))).toBe(toHex(plain));
        expect(opens(chunks)).toBe(true);
      }),
    );
  });

  it('do not open when any of them is missing, doubled or in another place', () => {
    const chunks = sealedOf(new Uint8Array(50).fill(1));
    expect([chunks.length, opens(chunks)]).toEqual([4, true]);
    for (let at = 0; at < chunks.length; at += 1) {
      expect(opens(chunks.toSpliced(at, 1))).toBe(false);
      expect(opens(chunks.toSpliced(at, 0, chunks[at] ?? new Uint8Array()))).toBe(false);
      if (at > 0) expect(opens(chunks.with(at, chunks[at - 1] ?? new Uint8Array()))).toBe(false);
    }
  });

  it('do not open when any bit is another one', () => {
    fc.assert(
      fc.property(files, fc.nat(), fc.integer({ min: 0, max: 7 }), (plain, place, bit) => {
        const chunks = sealedOf(plain);
        const all = concatBytes(...chunks);
        const at = place % all.length;
        const changed = all.map((byte, index) => (index === at ? byte ^ (1 << bit) : byte));
        const shape = blobShape(plain.length, chunkBytes);
        const cut = chunks.map((_, no) => {
          const { offset, bytes } = chunkPlace(shape, no);
          return changed.subarray(offset, offset + bytes);
        });
        expect(opens(cut)).toBe(false);
      }),
    );
  });

  it('have ids that do not depend on how their bytes come, and together an address that depends on all of them', () => {
    const [first = new Uint8Array(), second = new Uint8Array()] = sealedOf(new Uint8Array(20));
    const maker = new ChunkIdMaker();
    for (const byte of first) maker.add(Uint8Array.of(byte));
    expect(toHex(maker.end())).toBe(toHex(chunkIdOf([first])));
    const addressOf = (...chunks: readonly Uint8Array[]): string => {
      const blob = new BlobIdMaker();
      for (const chunk of chunks) blob.add(chunkIdOf([chunk]));
      return toHex(blob.end());
    };
    const addresses = [
      addressOf(first, second),
      addressOf(second, first),
      addressOf(first),
      addressOf(first, second, second),
    ];
    expect(new Set(addresses).size).toBe(4);
    // A blob of one chunk is not the chunk.
    expect(addressOf(first)).not.toBe(toHex(chunkIdOf([first])));
  });
});

describe('the shape of a blob', () => {
  it.each([
    [0, 1, 16],
    [1, 1, 17],
    [16, 1, 32],
    [17, 2, 49],
    [32, 2, 64],
    [33, 3, 81],
  ])('of %i bytes has %i chunks and %i sealed bytes', (size, chunks, sealedBytes) => {
    const shape = blobShape(size, chunkBytes);
    expect([shape.chunks, shape.sealedBytes]).toEqual([chunks, sealedBytes]);
    const places = Array.from({ length: chunks }, (_, no) => chunkPlace(shape, no));
    expect(places.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(sealedBytes);
    expect(bytesInChunks(shape, chunks)).toBe(size);
    expect(bytesInChunks(shape, 0)).toBe(0);
  });
});
