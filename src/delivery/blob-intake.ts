import { type Clock, type Limits, MeshError, toMeshError } from '#kernel';
import {
  type BlobAttachment,
  type BlobShape,
  blobShape,
  chunkIdOf,
  ChunkIdMaker,
  type ChunkKey,
  chunkKeyOf,
  chunkPlace,
  isChunk,
} from '#protocol';
import type { BlobFile } from './blob-files.ts';

export interface IntakeOptions {
  readonly file: BlobFile;
  readonly attachment: BlobAttachment;
  /** Chunks that are known to be there. */
  readonly have: number;
  readonly clock: Clock;
  readonly limits: Pick<Limits, 'blobChunkBytes' | 'blobSyncBytes' | 'blobSyncMs'>;
  /** Stores that chunks from number `from` on are there; they are on the disk. */
  keep(from: number, ids: readonly Uint8Array[]): Promise<void>;
  /** Writing or `keep` failed: nothing more is taken. */
  onFailure(error: MeshError): void;
}

/** Chunks in memory that wait for the disk. */
const maxUnwritten = 3;

/**
 * A blob that comes in, in order: every chunk is hashed as its bytes come, written, and counted once it is on the disk. A
 * part of a chunk survives the loss of a link, and a crash all but a chunk that was not whole.
 */
export class BlobIntake {
  readonly shape: BlobShape;
  readonly #options: IntakeOptions;
  readonly #key: ChunkKey;
  readonly #spare: Uint8Array[] = [];
  #have: number;
  /** Sealed bytes that are here, from the beginning on, and how far was asked. */
  #received: number;
  #asked: number;
  #id = new ChunkIdMaker();
  #buffer: Uint8Array | undefined;
  #fresh: Uint8Array[] = [];
  #unwritten = 0;
  #syncedAt: number;
  #writing: Promise<void> = Promise.resolve();
  #keeping: Promise<void> = Promise.resolve();
  #isKeeping = false;
  #failure: MeshError | undefined;
  #room = Promise.withResolvers<void>();

  private constructor(options: IntakeOptions, have: number) {
    this.#options = options;
    this.shape = blobShape(options.attachment.size, options.limits.blobChunkBytes);
    this.#key = chunkKeyOf(options.attachment.key);
    this.#have = have;
    this.#received = Math.min(have * this.shape.sealedChunkBytes, this.shape.sealedBytes);
    this.#asked = this.#received;
    this.#syncedAt = options.clock.monotonic();
  }

  /**
   * Goes on with what is there: also with chunks that were written, but not counted before a crash. Those that are not counted are
   * authenticated.
   */
  static async open(options: IntakeOptions): Promise<BlobIntake> {
    const shape = blobShape(options.attachment.size, options.limits.blobChunkBytes);
    const size = await options.file.size();
    const whole = size >= shape.sealedBytes ? shape.chunks : Math.floor(size / shape.sealedChunkBytes);
    const intake = new BlobIntake(options, Math.min(options.have, whole));
    while (!intake.isReceived && intake.#nextNo < whole && (await intake.#recover())) continue;
    return intake;
  }

  /** Chunks that are here for good. */
  get have(): number {
    return this.#have;
  }

  /** Sealed bytes that nobody was asked for yet. */
  get left(): number {
    return this.shape.sealedBytes - this.#asked;
  }

  get isMidChunk(): boolean {
    return this.#asked % this.shape.sealedChunkBytes !== 0;
  }

  get isReceived(): boolean {
    return this.#received === this.shape.sealedBytes;
  }

  /** The next bytes to ask for, all of one chunk. Undefined when all were asked for. */
  nextAsk(most: number): { readonly offset: number; readonly bytes: number } | undefined {
    if (this.left === 0) return undefined;
    const offset = this.#asked;
    const place = chunkPlace(this.shape, Math.floor(offset / this.shape.sealedChunkBytes));
    const bytes = Math.min(most, place.offset + place.bytes - offset);
    this.#asked += bytes;
    return { offset, bytes };
  }

  /** What was asked for will not come: it is asked for again. */
  forgetAsked(): void {
    this.#asked = this.#received;
  }

  /** The next bytes in order. They are what was announced when all ids together are: each alone proves nothing yet (spec §10.3). */
  take(bytes: Uint8Array): void {
    if (this.#failure !== undefined) throw this.#failure;
    const no = this.#nextNo;
    const place = chunkPlace(this.shape, no);
    this.#buffer ??= this.#spare.pop() ?? new Uint8Array(this.shape.sealedChunkBytes);
    this.#buffer.set(bytes, this.#received - place.offset);
    this.#id.add(bytes);
    this.#received += bytes.length;
    if (this.#received === place.offset + place.bytes) this.#endChunk(no, place.bytes);
  }

  /** Resolves when another chunk may be asked for. */
  async room(): Promise<void> {
    while (this.#unwritten >= maxUnwritten && this.#failure === undefined) await this.#room.promise;
  }

  /** Resolves when all that was received is on the disk and counted. Throws what writing threw. */
  async settled(): Promise<void> {
    await this.#writing;
    await this.#keeping;
    if (this.#fresh.length > 0 && this.#failure === undefined) await this.#keep();
    if (this.#failure !== undefined) throw this.#failure;
  }

  async close(): Promise<void> {
    await this.settled().catch(() => undefined);
    await this.#options.file.close();
  }

  get #nextNo(): number {
    return Math.floor(this.#received / this.shape.sealedChunkBytes);
  }

  #endChunk(no: number, bytes: number): void {
    const buffer = this.#buffer;
    if (buffer === undefined) throw new MeshError('INTERNAL');
    const chunk = { no, sealed: buffer.subarray(0, bytes), id: this.#id.end() };
    this.#id = new ChunkIdMaker();
    this.#buffer = undefined;
    this.#unwritten += 1;
    this.#writing = this.#writing.then(() => this.#write(chunk, buffer));
  }

  /** Never rejects. */
  async #write(chunk: { no: number; sealed: Uint8Array; id: Uint8Array }, buffer: Uint8Array): Promise<void> {
    if (this.#failure === undefined) {
      try {
        await this.#options.file.write(chunkPlace(this.shape, chunk.no).offset, [chunk.sealed]);
        this.#fresh.push(chunk.id);
        await this.#keepIfDue();
      } catch (error) {
        this.#fail(error);
      }
    }
    this.#unwritten -= 1;
    this.#spare.push(buffer);
    this.#room.resolve();
    this.#room = Promise.withResolvers();
  }

  /** Bytes are synced while the next ones come; only when the disk falls behind by a whole round it is waited for. */
  async #keepIfDue(): Promise<void> {
    const { clock, limits } = this.#options;
    const bytes = this.#fresh.length * this.shape.sealedChunkBytes;
    const isDue = bytes >= limits.blobSyncBytes || clock.monotonic() - this.#syncedAt >= limits.blobSyncMs;
    if (!isDue) return;
    if (this.#isKeeping && bytes < 2 * limits.blobSyncBytes) return;
    await this.#keeping;
    this.#keeping = this.#keep();
  }

  /** Never rejects. */
  async #keep(): Promise<void> {
    const { file, keep, clock } = this.#options;
    const ids = this.#fresh;
    this.#fresh = [];
    this.#isKeeping = true;
    this.#syncedAt = clock.monotonic();
    try {
      await file.sync();
      await keep(this.#have, ids);
      this.#have += ids.length;
    } catch (error) {
      this.#fail(error);
    }
    this.#isKeeping = false;
  }

  #fail(error: unknown): void {
    if (this.#failure !== undefined) return;
    this.#failure = toMeshError(error);
    this.#room.resolve();
    this.#options.onFailure(this.#failure);
  }

  /** True when the next chunk lies whole on the disk already. */
  async #recover(): Promise<boolean> {
    const no = this.#nextNo;
    const place = chunkPlace(this.shape, no);
    const sealed = new Uint8Array(place.bytes);
    if ((await this.#options.file.read(place.offset, [sealed])) < place.bytes) return false;
    if (!isChunk(this.#key, { no, isLast: no === this.shape.chunks - 1 }, sealed)) return false;
    this.#fresh.push(chunkIdOf([sealed]));
    this.#received += place.bytes;
    this.#asked = this.#received;
    return true;
  }
}
