import { closeSync, existsSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { MeshError, toMeshError } from '#kernel';
import { toStoreError } from './sqlite/sqlite-error.ts';

export interface StateLock {
  /** Lets another node have the folder. Twice is once. */
  release(): void;
}

/**
 * Holds the state folder for this process until `release` or the end of the process, however it ends: the operating
 * system drops the lock then, so none is ever left behind. Throws NODE_RUNNING (`data.pid` when known) and
 * STORE_UNREADABLE.
 */
export async function lockStateDir(dir: string): Promise<StateLock> {
  const path = join(dir, 'node.lock');
  const pidPath = join(dir, 'node.pid');
  const connection = guarded(path, () => lock(path, pidPath));
  try {
    writeFileSync(pidPath, `${process.pid}\n`, { mode: 0o600 });
  } catch (error) {
    connection.close();
    throw toStoreError(error, pidPath);
  }
  let held = true;
  return {
    release: () => {
      if (!held) return;
      held = false;
      rmSync(pidPath, { force: true });
      connection.close();
    },
  };
}

/**
 * An exclusive transaction on an empty database: SQLite knows how to lock a file on every system, Node itself does not.
 */
function lock(path: string, pidPath: string): DatabaseSync {
  createOnce(path);
  const connection = new DatabaseSync(path, { timeout: 0 });
  try {
    connection.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
    return connection;
  } catch (error) {
    connection.close();
    if (!isBusy(error)) throw error;
    const pid = readPid(pidPath);
    const text =
      pid === undefined
        ? 'A node already runs on this state folder'
        : `A node already runs on this state folder (pid ${pid})`;
    throw new MeshError('NODE_RUNNING', text, { data: pid === undefined ? { path } : { path, pid } });
  }
}

/** Never opens a file that is there: closing it would drop the lock that this process may hold (POSIX fcntl). */
function createOnce(path: string): void {
  if (existsSync(path)) return;
  try {
    closeSync(openSync(path, 'wx', 0o600));
  } catch (error) {
    if (!existsSync(path)) throw error;
  }
}

const isBusy = (error: unknown): boolean =>
  error instanceof Error && 'errcode' in error && typeof error.errcode === 'number' && (error.errcode & 0xff) === 5;

function readPid(path: string): number | undefined {
  try {
    const pid = Number.parseInt(readFileSync(path, 'utf8'), 10);
    return Number.isSafeInteger(pid) && pid > 0 ? pid : undefined;
  } catch {
    return undefined;
  }
}

function guarded<T>(path: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw toMeshError(toStoreError(error, path));
  }
}
