import { openSync, readSync, truncateSync } from 'node:fs';
import type { WalSync } from '../../../src/storage/sqlite/wal-sync.ts';

/** Where the write-ahead log stands, as its index in shared memory says (SQLite file format, §4 of "WAL-mode File Format"). */
interface Position {
  readonly frames: number;
  readonly salt: string;
  /** Frames that are in the database file; these were synced before they were written there. */
  readonly backfilled: number;
}

const indexBytes = 136;
const walHeaderBytes = 32;
const walFrameBytes = 24 + 4096;

/** Knows how much of the write-ahead log is on the disk, and can lose the rest. */
export class WalCut {
  readonly #path: string;
  /** Never closed: that would drop the locks that SQLite holds on it (POSIX fcntl). */
  readonly #index: number;
  #synced: Position;

  constructor(path: string) {
    this.#path = path;
    this.#index = openSync(`${path}-shm`, 'r');
    this.#synced = this.#position();
  }

  /** The same syncs, noted. `before` runs when something is committed and not yet on the disk. */
  watch(wal: WalSync, before: () => void): WalSync {
    return {
      sync: async () => {
        before();
        const position = this.#position();
        await wal.sync();
        this.#synced = position;
      },
      close: () => wal.close(),
    };
  }

  /** What was not synced is gone. Only the end of the process may follow. */
  cut(): void {
    const now = this.#position();
    const synced = now.salt === this.#synced.salt ? this.#synced.frames : 0;
    const kept = Math.max(synced, now.backfilled);
    if (kept < now.frames) truncateSync(`${this.#path}-wal`, kept === 0 ? 0 : walHeaderBytes + kept * walFrameBytes);
  }

  #position(): Position {
    const index = Buffer.alloc(indexBytes);
    readSync(this.#index, index, 0, indexBytes, 0);
    return {
      frames: index.readUInt32LE(16),
      salt: index.toString('hex', 32, 40),
      backfilled: Math.max(index.readUInt32LE(96), index.readUInt32LE(128)),
    };
  }
}
