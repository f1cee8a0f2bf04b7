import { discardBytes, type Limits, type Random } from '#kernel';
import {
  BlobIdMaker,
  blobKeyBytes,
  blobShape,
  type ChunkKey,
  chunkIdOf,
  chunkKeyOf,
  chunkPlace,
  type SealedChunk,
  sealChunk,
} from '#protocol';
import type { BlobFile, BlobFiles } from './blob-files.ts';

export interface SealerOptions {
  readonly files: BlobFiles;
  /** Under which the sealed bytes are kept. */
  readonly data: string;
  readonly random: Random;
  readonly limits: Pick<Limits, 'blobChunkBytes' | 'blobSyncBytes'>;
  /** Called with the size so far before it grows further; throws to refuse. */
  admit(size: number): Promise<void> | void;
}

/** Everything that is needed to send a file whose sealed bytes are on the disk. */
export interface SealedFile {
  readonly data: string;
  readonly size: number;
  readonly blob: Uint8Array;
  readonly key: Uint8Array;
}

/**
 * Seals a file as its bytes come: the node's own copy, so that the original may change or vanish afterwards. In memory are two chunks,
 * however large the file is. Give it up with `abort`, or its bytes stay until the node starts again.
 */
export class FileSealer {
  readonly #options: SealerOptions;
  readonly #file: BlobFile;
  readonly #key: Uint8Array;
  readonly #chunkKey: ChunkKey;
  readonly #id = new BlobIdMaker();
  readonly #plain: Uint8Array;
  #filled = 0;
  #no = 0;
  #size = 0;
  #unsynced = 0;
  #writing: Promise<void> = Promise.resolve();
  #syncing: Promise<void> = Promise.resolve();

  private constructor(options: SealerOptions, file: BlobFile) {
    this.#options = options;
    this.#file = file;
    this.#key = options.random.bytes(blobKeyBytes);
    this.#chunkKey = chunkKeyOf(this.#key);
    this.#plain = new Uint8Array(options.limits.blobChunkBytes);
  }

  /** Throws STORE_FULL, STORE_UNREADABLE. */
  static async begin(options: SealerOptions): Promise<FileSealer> {
    return new FileSealer(options, await options.files.create(options.data));
  }

  /** Bytes of the file so far. */
  get size(): number {
    return this.#size;
  }

  /** The bytes are taken when it resolves. Throws what `admit` throws, STORE_FULL and STORE_UNREADABLE. */
  async write(bytes: Uint8Array): Promise<void> {
    await this.#options.admit(this.#size + bytes.length);
    for (let at = 0; at < bytes.length;) {
      // Only what comes behind a full chunk shows that it is not the last one.
      if (this.#filled === this.#plain.length) await this.#seal(false);
      const part = bytes.subarray(at, at + this.#plain.length - this.#filled);
      this.#plain.set(part, this.#filled);
      this.#filled += part.length;
      this.#size += part.length;
      at += part.length;
    }
  }

  /** Resolves when all of it is on the disk. */
  async end(): Promise<SealedFile> {
    await this.#seal(true);
    await this.#writing;
    await this.#syncing;
    await this.#file.sync();
    await this.#file.close();
    return { data: this.#options.data, size: this.#size, blob: this.#id.end(), key: this.#key };
  }

  /** Nothing of it stays. */
  async abort(): Promise<void> {
    await Promise.allSettled([this.#writing, this.#syncing]);
    await this.#file.close().catch(() => undefined);
    await this.#options.files.remove(this.#options.data);
  }

  /** The write of one chunk goes on while the next one is filled. */
  async #seal(isLast: boolean): Promise<void> {
    const sealed = sealChunk(this.#chunkKey, { no: this.#no, isLast }, this.#plain.subarray(0, this.#filled));
    this.#id.add(chunkIdOf(sealed));
    const { offset } = chunkPlace(blobShape(this.#size, this.#plain.length), this.#no);
    this.#no += 1;
    this.#filled = 0;
    await this.#writing;
    await this.#syncIfDue(sealed[0].length);
    this.#writing = handled(this.#write(offset, sealed));
  }

  async #write(offset: number, sealed: SealedChunk): Promise<void> {
    try {
      await this.#file.write(offset, sealed);
    } finally {
      discardBytes(sealed[0]);
    }
  }

  /** The disk is kept at work meanwhile, instead of being given everything at the end. */
  async #syncIfDue(bytes: number): Promise<void> {
    this.#unsynced += bytes;
    if (this.#unsynced < this.#options.limits.blobSyncBytes) return;
    this.#unsynced = 0;
    await this.#syncing;
    this.#syncing = handled(this.#file.sync());
  }
}

/** Awaited later: until then a rejection has a listener. */
function handled(promise: Promise<void>): Promise<void> {
  promise.catch(() => undefined);
  return promise;
}
