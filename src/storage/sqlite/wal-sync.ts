import { closeSync, fdatasync, fsync, fsyncSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { toStoreError } from './sqlite-error.ts';

// libuv makes fsync a full one on macOS, where fdatasync leaves data in the disk's cache.
const flush = promisify(process.platform === 'darwin' ? fsync : fdatasync);

/** Makes what was committed durable, while the event loop goes on. */
export interface WalSync {
  /** Resolves when everything committed before the call is on the disk. Rejects with STORE_FULL or STORE_UNREADABLE. */
  sync(): Promise<void>;
  close(): void;
}

/** For the write-ahead log of the database at `path`, which must exist. */
export function openWalSync(path: string): WalSync {
  const log = `${path}-wal`;
  const file = openSync(log, 'r');
  syncFolder(dirname(path));
  return {
    sync: async () => {
      try {
        await flush(file);
      } catch (error) {
        throw toStoreError(error, log);
      }
    },
    close: () => closeSync(file),
  };
}

/** A log whose name is not on the disk would be gone after a power cut, with everything in it. */
function syncFolder(path: string): void {
  const folder = openSync(path, 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
