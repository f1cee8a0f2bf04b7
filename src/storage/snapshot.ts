import { chmodSync, closeSync, existsSync, openSync, rmSync, statfsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { MeshError, toMeshError } from '#kernel';
import { versionOf } from './sqlite/migrate.ts';
import { connectReadOnly } from './sqlite/open-database.ts';
import { corrupt, toStoreError } from './sqlite/sqlite-error.ts';

/** What a state must never be restored with: it is not even copied. */
const ratchets = ['session', 'own_key_package'];

/**
 * Copies the database at `path` to the new file `into`, readable by its owner alone, as it is at one moment, while a node may go on
 * writing. Secrets of sessions and key packages are left out, and no trace of them is in the copy. Throws STORE_CORRUPT when the
 * database is damaged, STORE_FULL, STORE_UNREADABLE; then there is no copy.
 */
export function snapshotDatabase(path: string, into: string): void {
  create(path, into);
  try {
    copy(path, into);
    leaveOutRatchets(into);
  } catch (error) {
    rmSync(into, { force: true });
    throw toStoreError(error, path);
  }
}

/** SQLite fills a file that is there and empty, so the copy has its mode before its first byte. */
function create(path: string, into: string): void {
  try {
    checkRoom(path, dirname(into));
    closeSync(openSync(into, 'wx', 0o600));
    chmodSync(into, 0o600);
  } catch (error) {
    throw toStoreError(error, into);
  }
}

function checkRoom(path: string, folder: string): void {
  const { bavail, bsize } = statfsSync(folder);
  const needed = statSync(path).size;
  if (bavail * bsize > needed) return;
  throw new MeshError('STORE_FULL', `A copy of ${path} needs ${needed} bytes, ${bavail * bsize} are free in ${folder}`);
}

function copy(path: string, into: string): void {
  const connection = connectReadOnly(path, isOpenElsewhere(path));
  try {
    versionOf(connection, path);
    connection.prepare('VACUUM INTO ?').run(into);
  } finally {
    connection.close();
  }
}

function leaveOutRatchets(path: string): void {
  const connection = new DatabaseSync(path, { enableForeignKeyConstraints: true });
  try {
    // Deleted rows are overwritten with zeros, and no journal keeps them.
    connection.exec('PRAGMA journal_mode = MEMORY; PRAGMA secure_delete = ON');
    for (const table of ratchets) connection.exec(`DELETE FROM ${table}`);
    const verdict = connection.prepare('PRAGMA quick_check(1)').get()?.quick_check;
    if (verdict !== 'ok') throw corrupt(path, new Error(String(verdict)));
  } finally {
    connection.close();
  }
}

/** A node makes the log when it opens the database and removes it when it closes it; a crash leaves it. */
const isOpenElsewhere = (path: string): boolean => existsSync(`${path}-wal`);

/** What is wrong with the database, read through as a whole beside a node or without one; undefined when nothing is. */
export function checkDatabase(path: string): MeshError | undefined {
  const wasOpen = isOpenElsewhere(path);
  const problem = problemOf(path, wasOpen);
  // A node that starts meanwhile writes what is taken for unchanging here.
  return problem !== undefined && !wasOpen && isOpenElsewhere(path) ? problemOf(path, true) : problem;
}

function problemOf(path: string, mayChange: boolean): MeshError | undefined {
  try {
    const connection = connectReadOnly(path, mayChange);
    try {
      versionOf(connection, path);
      const verdict = connection.prepare('PRAGMA quick_check(1)').get()?.quick_check;
      return verdict === 'ok' ? undefined : corrupt(path, new Error(String(verdict)));
    } finally {
      connection.close();
    }
  } catch (error) {
    return toMeshError(toStoreError(error, path));
  }
}
