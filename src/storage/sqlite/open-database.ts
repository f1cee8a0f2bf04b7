import { chmodSync, closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import { MeshError } from '#kernel';
import { Database } from './database.ts';
import { logPages } from './log-size.ts';
import { migrate, migrations, pragma, tablesOf, versionOf } from './migrate.ts';
import { corrupt, toStoreError } from './sqlite-error.ts';

/** Somebody else may hold the file for a moment: a backup, a reader that recovers it after a crash. */
const busyMs = 2000;
/** A whole check reads all pages: done where it costs a few milliseconds, so that the node starts at once. */
const wholeCheckBytes = 8 * 1024 * 1024;

/**
 * NORMAL: SQLite itself syncs the log only before it writes it back. `WalSync` syncs it after each group of commits and before anybody is
 * told of them, which is as durable as FULL, while the event loop goes on. A log of 4000 pages (16 MB) instead of 1000 makes the pauses in which it is written back rare, and not longer
 * than a few milliseconds.
 */
const settings = `
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = NORMAL;
  PRAGMA checkpoint_fullfsync = ON;
  PRAGMA cache_size = -32768;
  PRAGMA temp_store = MEMORY;
  PRAGMA wal_autocheckpoint = ${logPages.usual};
  PRAGMA journal_size_limit = 33554432;
`;

/**
 * The database at `path`, made when there is none, readable by its owner alone. Throws STORE_CORRUPT, STORE_TOO_NEW,
 * STORE_UNREADABLE, STORE_FULL. What was damaged is never replaced by an empty one. `steps` are its migrations.
 */
export function openDatabase(path: string, steps = migrations): Database {
  return guarded(path, () => {
    if (!existsSync(path)) create(path, steps);
    refuseEmpty(path);
    restrict(path);
    return connect(path, (connection) => {
      const version = versionOf(connection, path, steps.length);
      refuseCut(connection, path);
      connection.exec(settings);
      check(connection, path, tablesOf(version, steps));
      migrate(connection, version, steps);
    });
  });
}

/**
 * For reading beside a node or without one: makes no file and changes none. Throws STORE_UNREADABLE when there is no
 * database.
 */
export function openReadOnlyDatabase(path: string): Database {
  return guarded(path, () => {
    const connection = connectReadOnly(path);
    return closing(connection, path, () => {
      const version = versionOf(connection, path);
      refuseCut(connection, path);
      if (version === migrations.length) return;
      const hint = 'Start the node once, which brings the database up to date: mesh up --detach';
      throw new MeshError('STORE_UNREADABLE', `The database ${path} has the older version ${version}`, { hint });
    });
  });
}

/** A bare connection that writes nothing. With `mayChange` somebody else may write meanwhile. Throws what SQLite throws. */
export function connectReadOnly(path: string, mayChange = hasLog(path)): DatabaseSync {
  refuseEmpty(path);
  // Without a log nobody writes: read the file as it is. SQLite would make the files of the log otherwise.
  const location = mayChange ? path : new URL(`${pathToFileURL(path).href}?immutable=1`);
  return new DatabaseSync(location, { readOnly: true, timeout: busyMs });
}

/** A database that is gone when it is closed. */
export function openMemoryDatabase(steps = migrations): Database {
  const connection = new DatabaseSync(':memory:', { enableForeignKeyConstraints: true });
  migrate(connection, 0, steps);
  return new Database(connection, ':memory:');
}

/**
 * A database appears under its name only when it is complete, so an empty file there was damaged. The file has its mode
 * before SQLite opens it; SQLite gives its log the same one.
 */
function create(path: string, steps: readonly string[]): void {
  if (existsSync(`${path}-wal`)) throw corrupt(path, new Error('There is a log without its database'));
  const fresh = `${path}.new`;
  for (const suffix of ['', '-journal', '-wal', '-shm']) rmSync(fresh + suffix, { force: true });
  closeSync(openSync(fresh, 'wx', 0o600));
  chmodSync(fresh, 0o600);
  const connection = new DatabaseSync(fresh);
  try {
    migrate(connection, 0, steps);
  } finally {
    connection.close();
  }
  syncPath(fresh);
  renameSync(fresh, path);
  syncPath(dirname(path));
}

function connect(path: string, prepare: (connection: DatabaseSync) => void): Database {
  const connection = new DatabaseSync(path, { timeout: busyMs, enableForeignKeyConstraints: true });
  return closing(connection, path, () => prepare(connection));
}

function closing(connection: DatabaseSync, path: string, prepare: () => void): Database {
  try {
    prepare();
    return new Database(connection, path);
  } catch (error) {
    connection.close();
    throw error;
  }
}

/**
 * SQLite would take an empty file for a new database. The file is not opened here: closing it would drop the locks of
 * this process.
 */
function refuseEmpty(path: string): void {
  if (statSync(path).size === 0) throw corrupt(path, new Error('The file is empty'));
}

/** SQLite notices missing pages, but reads a part of a page as if the rest were zeros. */
function refuseCut(connection: DatabaseSync, path: string): void {
  const size = pragma(connection, 'page_count') * pragma(connection, 'page_size');
  if (!hasLog(path) && statSync(path).size < size) throw corrupt(path, new Error(`The file should have ${size} bytes`));
}

/** True when commits are in the write-ahead log: then the database file may be behind. */
function hasLog(path: string): boolean {
  const log = statSync(`${path}-wal`, { throwIfNoEntry: false });
  return log !== undefined && log.size > 0;
}

/** Every table of its version must be there; a small database is read through. */
function check(connection: DatabaseSync, path: string, tables: readonly string[]): void {
  const rows = connection.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").all();
  const found = new Set(rows.map(({ name }) => name));
  const lost = tables.filter((name) => !found.has(name));
  if (lost.length > 0) throw corrupt(path, new Error(`Tables are missing: ${lost.join(', ')}`));
  if (statSync(path).size > wholeCheckBytes) return;
  const verdict = connection.prepare('PRAGMA quick_check(1)').get()?.quick_check;
  if (verdict !== 'ok') throw corrupt(path, new Error(String(verdict)));
}

/** Whoever restored it from a backup may have let others read it. */
function restrict(path: string): void {
  for (const file of [path, `${path}-wal`, `${path}-shm`]) {
    if (existsSync(file) && (statSync(file).mode & 0o077) !== 0) chmodSync(file, 0o600);
  }
}

/** Until this returns, a rename or new content may be lost with the power. */
function syncPath(path: string): void {
  const file = openSync(path, 'r');
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

function guarded<T>(path: string, open: () => T): T {
  try {
    return open();
  } catch (error) {
    throw toStoreError(error, path);
  }
}
