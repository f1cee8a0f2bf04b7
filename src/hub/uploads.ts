import { equalBytes, MeshError, Serial, toHex } from '#kernel';
import type { AgentId } from '#identity';
import { BlobIdMaker, chunkIdOf, chunkTagBytes, type HubQuestion } from '#protocol';
import type { HubBlobFile } from './blob-files.ts';
import type { HubParts } from './hub-parts.ts';
import type { StoredBlob } from './store.ts';

export type BlobPut = Extract<HubQuestion, { readonly op: 'blob.put' }>;

interface Upload {
  readonly key: string;
  readonly name: string;
  readonly readers: string;
  readonly file: HubBlobFile | undefined;
  readonly serial: Serial;
  /** Bytes that are there. */
  have: number;
  isComplete: boolean;
  isDamaged: boolean;
}

/** The blobs that one agent puts over one link, piece by piece (spec §12.7). */
export class Uploads {
  readonly #parts: HubParts;
  readonly #serial = new Serial();
  readonly #open = new Map<string, Upload>();
  #isClosed = false;

  constructor(parts: HubParts) {
    this.#parts = parts;
  }

  /** How many bytes are there then. Throws FILES_FULL, STORE_FULL, FILE_DAMAGED, WRONG_STATE. */
  async put(owner: AgentId, put: BlobPut): Promise<number> {
    const queued = await this.#serial.run(async () => {
      const upload = await this.#find(owner, put);
      return { taken: upload.serial.run(() => this.#take(upload, put)) };
    });
    return await queued.taken;
  }

  /** Nothing stays of what the owner put under that address. */
  async remove(owner: AgentId, blob: Uint8Array): Promise<void> {
    const { store, files } = this.#parts;
    await this.#serial.run(async () => {
      const open = this.#open.get(toHex(blob));
      if (open !== undefined) await this.#drop(open);
      const name = await store.blobs.dropOf(owner, blob);
      if (name !== undefined) await files.remove(name);
    });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#serial.run(async () => {
      for (const upload of this.#open.values()) await this.#drop(upload);
    });
  }

  async #find(owner: AgentId, { blob, to, size }: BlobPut): Promise<Upload> {
    if (this.#isClosed) throw new MeshError('LINK_CLOSED');
    const key = toHex(blob);
    const readers = to.join(' ');
    const known = this.#open.get(key);
    if (known?.readers === readers) return known;
    if (known !== undefined) await this.#drop(known);
    const { name, isComplete } = await this.#stored(owner, { blob, to, size });
    const { files } = this.#parts;
    const file = isComplete ? undefined : ((await files.open(name)) ?? (await files.create(name)));
    const have = isComplete ? size : Math.min(size, (await file?.size()) ?? 0);
    const upload = { key, name, readers, file, serial: new Serial(), have, isComplete, isDamaged: false };
    // Of one that is there nothing is remembered here: it may go.
    if (!isComplete) this.#open.set(key, upload);
    await this.#keepFew();
    return upload;
  }

  async #stored(owner: AgentId, { blob, to, size }: Pick<BlobPut, 'blob' | 'to' | 'size'>): Promise<StoredBlob> {
    const { store, files, clock, random, limits } = this.#parts;
    if ((await files.freeBytes()) < limits.keepFreeDiskBytes + size) throw new MeshError('STORE_FULL');
    const [at, maxBytes] = [clock.now(), limits.maxHubBlobBytes];
    const open = () => store.blobs.open({ blob, owner, to, size, at, name: toHex(random.bytes(16)), maxBytes });
    const stored = await open();
    if (!stored.isComplete || (await this.#isWhole(stored))) return stored;
    // Its bytes were lost: it is put again.
    await store.blobs.drop(stored.name);
    await files.remove(stored.name);
    return await open();
  }

  async #isWhole({ name, size }: StoredBlob): Promise<boolean> {
    const file = await this.#parts.files.open(name);
    try {
      return file !== undefined && (await file.size()) >= size;
    } finally {
      await file?.close();
    }
  }

  async #take(upload: Upload, { blob, offset, size, bytes }: BlobPut): Promise<number> {
    const { file } = upload;
    if (upload.isDamaged) throw new MeshError('FILE_DAMAGED');
    if (upload.isComplete || file === undefined) return size;
    const fits = bytes !== undefined && offset === upload.have && offset + bytes.length <= size;
    if (fits) {
      await file.write(offset, [bytes]);
      upload.have += bytes.length;
    }
    if (upload.have < size) return upload.have;
    await file.sync();
    const { store, limits } = this.#parts;
    if (!equalBytes(await addressOf(file, size, limits.blobChunkBytes + chunkTagBytes), blob)) {
      await this.#forget(upload, file);
      throw new MeshError('FILE_DAMAGED');
    }
    await store.blobs.complete(upload.name);
    upload.isComplete = true;
    this.#open.delete(upload.key);
    await file.close();
    return size;
  }

  async #forget(upload: Upload, file: HubBlobFile): Promise<void> {
    const { store, files } = this.#parts;
    upload.isDamaged = true;
    this.#open.delete(upload.key);
    await file.close();
    // The row first: bytes without a row are removed when the hub starts.
    await store.blobs.drop(upload.name);
    await files.remove(upload.name);
  }

  async #keepFew(): Promise<void> {
    const [oldest] = this.#open.values();
    if (this.#open.size > this.#parts.limits.maxHubUploads && oldest !== undefined) await this.#drop(oldest);
  }

  async #drop(upload: Upload): Promise<void> {
    this.#open.delete(upload.key);
    await upload.serial.idle();
    if (!upload.isDamaged) await upload.file?.close();
  }
}

/** The address of a blob whose sealed chunks are in the file (spec §10.3). */
async function addressOf(file: HubBlobFile, sealedBytes: number, sealedChunkBytes: number): Promise<Uint8Array> {
  const address = new BlobIdMaker();
  for (let start = 0; start < sealedBytes; start += sealedChunkBytes) {
    const chunk = new Uint8Array(Math.min(sealedChunkBytes, sealedBytes - start));
    await file.read(start, [chunk]);
    address.add(chunkIdOf([chunk]));
  }
  return address.end();
}
