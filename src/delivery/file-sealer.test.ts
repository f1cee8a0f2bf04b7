import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concatBytes, defaultLimits, MeshError, systemRandom } from '#kernel';
import { blobShape } from '#protocol';
import { failure } from '../../test/support/failure.ts';
import { MemoryBlobs } from '../../test/support/memory-blobs.ts';
import { FileSealer, type SealedFile } from './file-sealer.ts';
import { StoredFile } from './stored-file.ts';

const limits = { ...defaultLimits, blobChunkBytes: 16, blobSyncBytes: 40 };

const begin = (files: MemoryBlobs, admit: (size: number) => void = () => {}): Promise<FileSealer> =>
  FileSealer.begin({ files, data: 'd', random: systemRandom, limits, admit });

async function opened(files: MemoryBlobs, sealed: SealedFile): Promise<Uint8Array> {
  const file = await files.open(sealed.data);
  if (file === undefined) throw new Error('it is not there');
  const attachment = { kind: 'blob', name: 'n', mediaType: 'a/b', ...sealed } as const;
  await using stored = new StoredFile(file, attachment, limits);
  const parts: Uint8Array[] = [];
  for await (const part of stored.chunks()) parts.push(part);
  return concatBytes(...parts);
}

describe('a file that is sealed', () => {
  it('opens to the same bytes, however they came, and lies on the disk when it is told', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 50 }), { maxLength: 6 }), async (parts) => {
        const files = new MemoryBlobs();
        const sealer = await begin(files);
        for (const part of parts) {
          const bytes = new Uint8Array(part);
          await sealer.write(bytes);
          // The caller may use its buffer again.
          bytes.fill(0xee);
        }
        const sealed = await sealer.end();
        const plain = concatBytes(...parts.map((part) => new Uint8Array(part)));
        expect(sealed.size).toBe(plain.length);
        expect(files.syncedBytesOf('d')).toBe(blobShape(plain.length, 16).sealedBytes);
        expect([...(await opened(files.afterPowerCut(), sealed))]).toEqual([...plain]);
        expect(files.handles).toBe(0);
      }),
    );
  });

  it('has another key and address each time', async () => {
    const made = [];
    for (let n = 0; n < 2; n += 1) {
      const sealer = await begin(new MemoryBlobs());
      await sealer.write(new Uint8Array(40));
      made.push(await sealer.end());
    }
    expect(made[0]?.key).not.toEqual(made[1]?.key);
    expect(made[0]?.blob).not.toEqual(made[1]?.blob);
  });

  it('shows when a byte on the disk is not what was written', async () => {
    const files = new MemoryBlobs();
    const sealer = await begin(files);
    await sealer.write(new Uint8Array(40));
    const sealed = await sealer.end();
    await opened(files, sealed);
    files.rot('d', 35);
    expect((await failure(opened(files, sealed))).code).toBe('FILE_DAMAGED');
  });

  it('leaves nothing when it is given up, for want of room or of permission', async () => {
    const files = new MemoryBlobs();
    files.free = 50;
    const sealer = await begin(files);
    const writing = async (): Promise<void> => {
      for (let n = 0; n < 10; n += 1) await sealer.write(new Uint8Array(16));
      await sealer.end();
    };
    expect((await failure(writing())).code).toBe('STORE_FULL');
    await sealer.abort();
    expect([await files.list(), files.handles]).toEqual([[], 0]);

    const admit = (size: number): void => {
      if (size > 20) throw new MeshError('FILES_FULL');
    };
    const refused = await begin(files, admit);
    await refused.write(new Uint8Array(20));
    expect((await failure(refused.write(new Uint8Array(1)))).code).toBe('FILES_FULL');
    await refused.abort();
    expect(await files.list()).toEqual([]);
  });
});
