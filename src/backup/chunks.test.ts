import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { codeOf, concatBytes, systemRandom } from '#kernel';
import { collect, pieces } from '../../test/support/byte-streams.ts';
import { ByteReader } from './byte-reader.ts';
import { openChunks, sealChunks } from './chunks.ts';

const key = systemRandom.bytes(32);
const chunk = 64 * 1024;
const sealedChunk = chunk + 16;

const seal = (plain: Uint8Array, size = 10_000): Promise<Uint8Array> => collect(sealChunks(pieces(plain, size), key));
const open = (sealed: Uint8Array, size = 9999): Promise<Uint8Array> =>
  collect(openChunks(new ByteReader(pieces(sealed, size)), key));
const codeOfOpening = (sealed: Uint8Array): Promise<string> => open(sealed).then(() => 'opened', codeOf);

const plain = systemRandom.bytes(3 * chunk + 5);
const sealed = await seal(plain);

describe('a stream in sealed chunks', () => {
  it('comes out as it went in, whatever its length and its pieces', async () => {
    for (const length of [0, 1, chunk - 1, chunk, chunk + 1, 2 * chunk]) {
      const bytes = plain.subarray(0, length);
      expect(Buffer.compare(await open(await seal(bytes, 7001)), bytes)).toBe(0);
    }
    expect(sealed.length).toBe(plain.length + 4 * 16);
  });

  it('is refused when one bit of it was changed, wherever', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: sealed.length - 1 }), async (at) => {
        const changed = sealed.map((byte, index) => (index === at ? byte ^ 1 : byte));
        expect(await codeOfOpening(changed)).toBe('BACKUP_DAMAGED');
      }),
    );
  });

  it('is refused when it was cut off, wherever, also between two chunks', async () => {
    const ends = [0, 15, 16, sealedChunk, 2 * sealedChunk, 3 * sealedChunk, sealed.length - 21, sealed.length - 1];
    for (const end of ends)
      expect([end, await codeOfOpening(sealed.subarray(0, end))]).toEqual([end, 'BACKUP_DAMAGED']);
  });

  it('is refused when chunks were exchanged, left out, repeated or added', async () => {
    const [a, b, c, d] = [0, 1, 2, 3].map((n) => sealed.subarray(n * sealedChunk, (n + 1) * sealedChunk));
    const orders = [[b, a, c, d], [a, c, d], [a, a, b, c, d], [a, b, c, d, d], [a, b, c, d, new Uint8Array(1)], [d]];
    for (const order of orders) {
      const parts = order.filter((part) => part !== undefined);
      expect(await codeOfOpening(concatBytes(...parts))).toBe('BACKUP_DAMAGED');
    }
  });

  it('lets go of what it reads from when its reader stops early', async () => {
    let isClosed = false;
    async function* endless(): AsyncGenerator<Uint8Array> {
      try {
        for (;;) yield new Uint8Array(1000);
      } finally {
        isClosed = true;
      }
    }
    for await (const _part of sealChunks(endless(), key)) break;
    expect(isClosed).toBe(true);
  });
});
