import { discardBytes, type Limits, MeshError } from '#kernel';
import {
  type BlobAttachment,
  type BlobShape,
  blobShape,
  type ChunkKey,
  chunkKeyOf,
  chunkPlace,
  openChunk,
} from '#protocol';
import type { BlobFile } from './blob-files.ts';

/** The plain bytes of a blob that lies here, chunk by chunk; each is authenticated again, so that damage on the disk shows. */
export class StoredFile implements AsyncDisposable {
  readonly shape: BlobShape;
  readonly #file: BlobFile;
  readonly #key: ChunkKey;

  constructor(file: BlobFile, attachment: BlobAttachment, limits: Pick<Limits, 'blobChunkBytes'>) {
    this.#file = file;
    this.shape = blobShape(attachment.size, limits.blobChunkBytes);
    this.#key = chunkKeyOf(attachment.key);
  }

  /** Throws FILE_DAMAGED, and INVALID_ARGUMENT when there is no such chunk. */
  async chunk(no: number): Promise<Uint8Array> {
    const { chunks } = this.shape;
    if (!Number.isSafeInteger(no) || no < 0 || no >= chunks) {
      throw new MeshError('INVALID_ARGUMENT', `The file has the parts 0 to ${chunks - 1}, not ${no}`);
    }
    const place = chunkPlace(this.shape, no);
    const sealed = new Uint8Array(place.bytes);
    try {
      const found = await this.#file.read(place.offset, [sealed]);
      return openChunk(this.#key, { no, isLast: no === chunks - 1 }, sealed.subarray(0, found));
    } finally {
      discardBytes(sealed);
    }
  }

  async *chunks(): AsyncGenerator<Uint8Array, void, undefined> {
    for (let no = 0; no < this.shape.chunks; no += 1) yield await this.chunk(no);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file.close();
  }
}
