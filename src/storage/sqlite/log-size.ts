import { statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Clock } from '#kernel';
import type { Database } from './database.ts';

/** How far the write-ahead log may grow before it is written back, in pages of 4 KB. */
export const logPages = { usual: 4000, scarce: 250 } as const;

/** With less room than this the log must not take what the database will need. */
const scarceBytes = 128 * 1024 * 1024;
const lookEveryMs = 200;

export interface LogSizeOptions {
  readonly database: Database;
  readonly clock: Clock;
  /** Bytes that are free where the database is; what cannot be told is plenty. */
  readonly freeBytes?: (() => number) | undefined;
}

/**
 * Holds the write-ahead log small while the disk is nearly full. A log that had taken the last page could not be written back, because that
 * takes pages too, and so would fill the disk for ever.
 */
export class LogSize {
  readonly #options: LogSizeOptions;
  #lookedAt: number | undefined;
  #pages: number = logPages.usual;

  constructor(options: LogSizeOptions) {
    this.#options = options;
  }

  /** After every commit; looks at the disk now and then. */
  tend(): void {
    if (!this.#isDue()) return;
    const { database, freeBytes = () => freeAt(database.path) } = this.#options;
    const pages = freeBytes() < scarceBytes ? logPages.scarce : logPages.usual;
    if (pages === this.#pages) return;
    this.#pages = pages;
    database.exec(`PRAGMA wal_autocheckpoint = ${pages}`);
  }

  /** A commit found no room: what is written back now leaves its place in the log to the next one. */
  relieve(): void {
    if (!this.#isDue()) return;
    try {
      this.#options.database.exec('PRAGMA wal_checkpoint(PASSIVE)');
    } catch {
      // It takes room as well: tried again after the next failure.
    }
  }

  #isDue(): boolean {
    const now = this.#options.clock.monotonic();
    if (this.#lookedAt !== undefined && now - this.#lookedAt < lookEveryMs) return false;
    this.#lookedAt = now;
    return true;
  }
}

function freeAt(path: string): number {
  try {
    const { bavail, bsize } = statfsSync(dirname(path));
    return bavail * bsize;
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}
