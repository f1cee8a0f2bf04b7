import { MeshError } from '#kernel';
import type { BlobFile, BlobFiles } from '#delivery';

interface Stored {
  bytes: Uint8Array;
  /** As the disk has it, should the power fail now. */
  synced: Uint8Array;
}

/** Files of sealed bytes whose disk is as large, as reliable and as dead as the test says. */
export class MemoryBlobs implements BlobFiles {
  /** Bytes that may still be written. */
  free = Number.MAX_SAFE_INTEGER;
  /** Every file that was opened or created and not closed. */
  handles = 0;
  onWrite: (name: string) => void = () => {};
  readonly #files: Map<string, Stored>;

  constructor(files = new Map<string, Stored>()) {
    this.#files = files;
  }

  /** What another process finds after this one was killed. */
  afterCrash(): MemoryBlobs {
    return new MemoryBlobs(new Map([...this.#files].map(([name, { bytes, synced }]) => [name, copyOf(bytes, synced)])));
  }

  /** What is left when the power failed. */
  afterPowerCut(): MemoryBlobs {
    return new MemoryBlobs(new Map([...this.#files].map(([name, { synced }]) => [name, copyOf(synced, synced)])));
  }

  bytesOf(name: string): Uint8Array {
    return this.#files.get(name)?.bytes ?? new Uint8Array();
  }

  syncedBytesOf(name: string): number {
    return this.#files.get(name)?.synced.length ?? 0;
  }

  /** The disk has another byte there than was written. */
  rot(name: string, at: number): void {
    const { bytes, synced } = this.#need(name);
    for (const copy of [bytes, synced]) copy[at] = (copy[at] ?? 0) ^ 1;
  }

  async create(name: string): Promise<BlobFile> {
    if (this.#files.has(name)) throw new MeshError('STORE_UNREADABLE', `${name} is there already`);
    this.#files.set(name, { bytes: new Uint8Array(), synced: new Uint8Array() });
    return this.#handle(name);
  }

  async open(name: string): Promise<BlobFile | undefined> {
    return this.#files.has(name) ? this.#handle(name) : undefined;
  }

  async remove(name: string): Promise<void> {
    this.#files.delete(name);
  }

  async list(): Promise<readonly string[]> {
    return [...this.#files.keys()];
  }

  async freeBytes(): Promise<number> {
    return this.free;
  }

  #need(name: string): Stored {
    const found = this.#files.get(name);
    if (found === undefined) throw new MeshError('STORE_UNREADABLE', `${name} is gone`);
    return found;
  }

  #handle(name: string): BlobFile {
    this.handles += 1;
    let isOpen = true;
    const stored = (): Stored => {
      if (!isOpen) throw new MeshError('INTERNAL', `${name} was used after it was closed`);
      return this.#need(name);
    };
    return {
      size: async () => stored().bytes.length,
      read: async (offset, parts) => {
        let at = offset;
        for (const part of parts) {
          const found = stored().bytes.subarray(at, at + part.length);
          part.set(found);
          at += found.length;
        }
        return at - offset;
      },
      write: async (offset, parts) => {
        // Later than the call, as a disk does.
        await Promise.resolve();
        const file = stored();
        const length = parts.reduce((sum, part) => sum + part.length, 0);
        if (length > this.free) throw new MeshError('STORE_FULL', 'The test disk is full');
        this.free -= length;
        const grown = new Uint8Array(Math.max(file.bytes.length, offset + length));
        grown.set(file.bytes);
        let at = offset;
        for (const part of parts) {
          grown.set(part, at);
          at += part.length;
        }
        file.bytes = grown;
        this.onWrite(name);
      },
      sync: async () => {
        await Promise.resolve();
        const file = stored();
        file.synced = file.bytes.slice();
      },
      close: async () => {
        if (isOpen) this.handles -= 1;
        isOpen = false;
      },
    };
  }
}

const copyOf = (bytes: Uint8Array, synced: Uint8Array): Stored => ({ bytes: bytes.slice(), synced: synced.slice() });
