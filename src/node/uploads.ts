import { type Clock, type IdSource, type Limits, MeshError, type Random, Serial, toHex } from '#kernel';
import { type BlobFiles, FileSealer, type SealedFile } from '#delivery';
import { checkFilesKept, type MeshStore } from '#pipeline';

export interface UploadsOptions {
  readonly agent: string;
  readonly store: MeshStore;
  readonly blobFiles: BlobFiles;
  readonly clock: Clock;
  readonly random: Random;
  readonly ids: IdSource;
  readonly limits: Limits;
}

export type UploadId = `upl_${string}`;

interface Upload {
  readonly sealer: FileSealer;
  /** Once it is whole. */
  sealed?: SealedFile;
  /** Parts one after another. */
  readonly serial: Serial;
  usedAt: number;
}

/**
 * Files that are given to the node to be sent: sealed as they come, so that afterwards the original may change or vanish. They wait in
 * memory for their message; what is not sent within a while is dropped.
 */
export class Uploads {
  readonly #options: UploadsOptions;
  readonly #uploads = new Map<UploadId, Upload>();

  constructor(options: UploadsOptions) {
    this.#options = options;
  }

  /** Throws RATE_LIMITED, STORE_FULL, FILES_FULL. */
  async begin(): Promise<UploadId> {
    const { limits, clock, ids } = this.#options;
    if (this.#uploads.size >= limits.maxUploads) {
      throw new MeshError('RATE_LIMITED', `${this.#uploads.size} files are being handed over already`);
    }
    const sealer = await this.#sealer();
    const id = ids.next('upl');
    this.#uploads.set(id, { sealer, serial: new Serial(), usedAt: clock.monotonic() });
    return id;
  }

  /**
   * The next bytes of the file. A part that was taken before is not taken again. Resolves with the size so far. Throws NOT_FOUND,
   * INVALID_ARGUMENT for a part that does not follow, STORE_FULL, FILES_FULL; after one of the latter two the upload is gone.
   */
  async write(id: string, part: { readonly offset: number; readonly bytes: Uint8Array }): Promise<number> {
    const upload = this.#find(id);
    const { sealer, serial } = upload;
    return serial.run(async () => {
      upload.usedAt = this.#options.clock.monotonic();
      if (part.offset + part.bytes.length === sealer.size && part.bytes.length > 0) return sealer.size;
      if (part.offset !== sealer.size) {
        throw new MeshError('INVALID_ARGUMENT', `The next part begins at ${sealer.size}, not at ${part.offset}`);
      }
      try {
        await sealer.write(part.bytes);
      } catch (error) {
        await this.drop(id);
        throw error;
      }
      return sealer.size;
    });
  }

  /** The file is whole; it belongs to the caller from now on. Throws NOT_FOUND, STORE_FULL. */
  async take(id: string): Promise<SealedFile> {
    const { sealer, sealed, serial } = this.#find(id);
    return serial.run(async () => {
      this.#uploads.delete(this.#idOf(id));
      return sealed ?? ended(sealer);
    });
  }

  /** Nothing of it stays; nothing happens when it is not there. */
  async drop(id: string): Promise<void> {
    const upload = this.#uploads.get(this.#idOf(id));
    this.#uploads.delete(this.#idOf(id));
    if (upload?.sealed !== undefined) await this.#options.blobFiles.remove(upload.sealed.data);
    else await upload?.sealer.abort();
  }

  /** Seals a file of this process; it can be sent then. Rejects with what the source throws too. */
  async seal(source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<UploadId> {
    const id = await this.begin();
    const { sealer, serial } = this.#find(id);
    return serial.run(async () => {
      try {
        for await (const bytes of source) await sealer.write(bytes);
        const sealed = await sealer.end();
        this.#uploads.set(id, { sealer, serial, sealed, usedAt: this.#options.clock.monotonic() });
        return id;
      } catch (error) {
        await this.drop(id);
        throw error;
      }
    });
  }

  async dropIdle(): Promise<void> {
    const { clock, limits } = this.#options;
    const before = clock.monotonic() - limits.uploadIdleMs;
    for (const [id, { usedAt }] of this.#uploads) if (usedAt < before) await this.drop(id);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#uploads.keys()].map((id) => this.drop(id)));
  }

  #sealer(): Promise<FileSealer> {
    const { blobFiles, random, limits, store } = this.#options;
    let checkAt = 0;
    const admit = async (size: number): Promise<void> => {
      checkFilesKept(store.read.files, limits, size);
      if (size > limits.maxFileBytesPerPeer) {
        const most = Math.floor(limits.maxFileBytesPerPeer / (1024 * 1024));
        throw new MeshError('FILES_FULL', `The file is larger than the ${most} MB that are kept for one peer`, {
          hint: 'Send it in parts, or raise maxMbPerPeer under [files] in mesh.toml.',
        });
      }
      if (size < checkAt) return;
      checkAt = size + limits.blobSyncBytes;
      if ((await blobFiles.freeBytes()) >= limits.keepFreeDiskBytes) return;
      throw new MeshError('STORE_FULL', `Files leave keepFreeDiskBytes ${limits.keepFreeDiskBytes} of the disk free`);
    };
    return FileSealer.begin({ files: blobFiles, data: toHex(random.bytes(16)), random, limits, admit });
  }

  #find(id: string): Upload {
    const upload = this.#uploads.get(this.#idOf(id));
    if (upload !== undefined) return upload;
    throw new MeshError('NOT_FOUND', 'There is no such upload, or it was not used for too long', {
      hint: 'Hand the file over again.',
    });
  }

  #idOf(id: string): UploadId {
    // A lookup only: what is no id is not in the map.
    return id as UploadId;
  }
}

async function ended(sealer: FileSealer): Promise<SealedFile> {
  try {
    return await sealer.end();
  } catch (error) {
    await sealer.abort();
    throw error;
  }
}
