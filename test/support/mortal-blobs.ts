import { MeshError } from '#kernel';
import type { BlobFile, BlobFiles } from '#delivery';

const never = (): Promise<never> => new Promise<never>(() => {});

/** The files of one process: full, slow or read-only as the test says, and gone with it. */
export class MortalBlobs implements BlobFiles {
  /** Nothing more can be written. */
  isFull = false;
  /** What is left of the disk; as it is without it. */
  free: number | undefined;
  readonly #inner: BlobFiles;
  readonly #open = new Set<BlobFile>();
  #held: PromiseWithResolvers<void> | undefined;
  #readsHeld = 0;
  #dead = false;

  constructor(inner: BlobFiles) {
    this.#inner = inner;
  }

  /** Reads of sealed bytes wait from now on. */
  holdReads(): void {
    this.#held ??= Promise.withResolvers();
  }

  releaseReads(): void {
    this.#held?.resolve();
    this.#held = undefined;
  }

  /** How many reads waited since the beginning. */
  get readsHeld(): number {
    return this.#readsHeld;
  }

  /** Files that are open now. */
  get handles(): number {
    return this.#open.size;
  }

  /** The process is gone: what was begun never ends. */
  die(): void {
    this.#dead = true;
    for (const file of this.#open) void file.close().catch(() => undefined);
  }

  create(name: string): Promise<BlobFile> {
    if (this.isFull) return Promise.reject(new MeshError('STORE_FULL', 'The test disk is full'));
    return this.#alive(async () => this.#handle(await this.#inner.create(name)));
  }

  open(name: string): Promise<BlobFile | undefined> {
    return this.#alive(async () => {
      const file = await this.#inner.open(name);
      return file && this.#handle(file);
    });
  }

  remove(name: string): Promise<void> {
    return this.#alive(() => this.#inner.remove(name));
  }

  list(): Promise<readonly string[]> {
    return this.#alive(() => this.#inner.list());
  }

  freeBytes(): Promise<number> {
    return this.#alive(async () => this.free ?? (await this.#inner.freeBytes()));
  }

  #handle(file: BlobFile): BlobFile {
    this.#open.add(file);
    return {
      size: () => this.#alive(() => file.size()),
      read: (offset, parts) =>
        this.#alive(async () => {
          if (this.#held !== undefined) this.#readsHeld += 1;
          await this.#held?.promise;
          return file.read(offset, parts);
        }),
      write: (offset, parts) => {
        if (this.isFull) return Promise.reject(new MeshError('STORE_FULL', 'The test disk is full'));
        return this.#alive(() => file.write(offset, parts));
      },
      sync: () => this.#alive(() => file.sync()),
      close: () => {
        this.#open.delete(file);
        return this.#alive(() => file.close());
      },
    };
  }

  async #alive<T>(work: () => Promise<T>): Promise<T> {
    if (this.#dead) return never();
    try {
      const value = await work();
      return this.#isDead() ? await never() : value;
    } catch (error) {
      if (this.#isDead()) return never();
      throw error;
    }
  }

  #isDead(): boolean {
    return this.#dead;
  }
}
