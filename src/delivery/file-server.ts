import { type Limits, MeshError } from '#kernel';
import type { BlobAsk } from '#link';
import { blobShape } from '#protocol';
import type { BlobFile, BlobFiles } from './blob-files.ts';
import type { FileRow } from './file-store.ts';

export interface FileServerOptions {
  readonly files: BlobFiles;
  readonly limits: Pick<Limits, 'blobChunkBytes'>;
}

const maxOpen = 16;

/** Reads sealed bytes for peers that ask for them; files stay open from one question to the next. */
export class FileServer {
  readonly #options: FileServerOptions;
  /** The one used longest ago comes first. */
  readonly #open = new Map<string, Promise<BlobFile>>();

  constructor(options: FileServerOptions) {
    this.#options = options;
  }

  /** Fills the parts. Throws FILE_GONE when the bytes are not there, INVALID_ARGUMENT for a place outside of it. */
  async read(row: FileRow, ask: Pick<BlobAsk, 'offset' | 'bytes'>, parts: readonly Uint8Array[]): Promise<void> {
    const { sealedBytes } = blobShape(row.size, this.#options.limits.blobChunkBytes);
    if (ask.offset + ask.bytes > sealedBytes) {
      throw new MeshError('INVALID_ARGUMENT', `The blob has ${sealedBytes} bytes, not ${ask.offset + ask.bytes}`);
    }
    const file = await this.#fileOf(row);
    if ((await file.read(ask.offset, parts)) === ask.bytes) return;
    throw new MeshError('FILE_GONE', 'The sealed bytes of the file were cut off');
  }

  /** For a file that is about to be removed. */
  async forget(data: string): Promise<void> {
    const open = this.#open.get(data);
    this.#open.delete(data);
    await (await open?.catch(() => undefined))?.close();
  }

  async close(): Promise<void> {
    await Promise.all([...this.#open.keys()].map((data) => this.forget(data)));
  }

  async #fileOf({ data }: FileRow): Promise<BlobFile> {
    if (data === undefined) throw new MeshError('FILE_GONE');
    const open = this.#open.get(data) ?? this.#openFile(data);
    this.#open.delete(data);
    this.#open.set(data, open);
    const [oldest] = this.#open.keys();
    if (this.#open.size > maxOpen && oldest !== undefined) void this.forget(oldest);
    try {
      return await open;
    } catch (error) {
      this.#open.delete(data);
      throw error;
    }
  }

  async #openFile(data: string): Promise<BlobFile> {
    const file = await this.#options.files.open(data);
    if (file !== undefined) return file;
    throw new MeshError('FILE_GONE', 'The sealed bytes of the file are not there any more');
  }
}
