import { MeshError } from '#kernel';

// Result codes, https://www.sqlite.org/rescode.html
const primary = {
  busy: 5,
  locked: 6,
  noMemory: 7,
  readOnly: 8,
  io: 10,
  corrupt: 11,
  full: 13,
  cannotOpen: 14,
  permission: 3,
  notDb: 26,
};
const shortRead = 522;

export const corruptHint =
  'Stop the node and keep the damaged files. Restore mesh.db from a backup, or try: ' +
  'sqlite3 mesh.db ".recover" | sqlite3 recovered.db, then put recovered.db in its place.';

/** What SQLite or the file system said, as an error of ours. What is neither stays what it is. */
export function toStoreError(error: unknown, path: string): unknown {
  const sqlite = numberIn(error, 'errcode');
  if (sqlite !== undefined) return fromSqlite(sqlite, { error, path });
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  if (code === 'ERR_INVALID_STATE') return new MeshError('SHUTTING_DOWN', 'The store is closed', { cause: error });
  return typeof code === 'string' && 'errno' in Object(error) ? fromSystem(code, { error, path }) : error;
}

/** True for what ends the whole transaction, not only the statement. */
export function isStoreFailure(error: unknown): error is MeshError {
  if (!(error instanceof MeshError)) return false;
  const { code } = error;
  return code === 'STORE_FULL' || code === 'STORE_CORRUPT' || code === 'STORE_UNREADABLE';
}

interface Failure {
  readonly error: unknown;
  readonly path: string;
}

function fromSqlite(extended: number, { error: cause, path }: Failure): MeshError {
  const data = { path, sqliteCode: extended };
  switch (extended & 0xff) {
    case primary.full:
      return new MeshError('STORE_FULL', `The disk of ${path} is full`, { cause, data });
    case primary.io:
      // Fewer bytes than the database says it has: the file was cut.
      if (extended === shortRead) return corrupt(path, cause);
      return new MeshError('STORE_FULL', `The disk of ${path} failed to read or write`, {
        cause,
        data,
        hint: 'Check the disk: free space, quota and kernel log. Nothing that was acknowledged is lost.',
      });
    case primary.corrupt:
    case primary.notDb:
      return corrupt(path, cause);
    case primary.busy:
    case primary.locked:
      return new MeshError('STORE_UNREADABLE', `Another program holds ${path} locked`, {
        cause,
        data,
        hint: 'Close the program that has the database open, such as a database browser.',
      });
    case primary.readOnly:
    case primary.cannotOpen:
    case primary.permission:
      return new MeshError('STORE_UNREADABLE', `${path} cannot be opened or written`, { cause, data });
    case primary.noMemory:
      return new MeshError('STORE_FULL', `There is not enough memory to use ${path}`, { cause, data });
    default:
      return new MeshError('INTERNAL', `A statement on ${path} failed`, { cause, data });
  }
}

function fromSystem(code: string, { error: cause, path }: Failure): MeshError {
  const data = { path, systemCode: code };
  if (code === 'ENOSPC' || code === 'EDQUOT' || code === 'EIO') {
    return new MeshError('STORE_FULL', `${path} cannot be written: ${code}`, { cause, data });
  }
  return new MeshError('STORE_UNREADABLE', `${path} cannot be used: ${code}`, { cause, data });
}

export function corrupt(path: string, cause?: unknown): MeshError {
  return new MeshError('STORE_CORRUPT', `The database ${path} is damaged`, {
    cause,
    hint: corruptHint,
    data: { path },
  });
}

function numberIn(error: unknown, key: string): number | undefined {
  if (typeof error !== 'object' || error === null || !(key in error)) return undefined;
  const value: unknown = Reflect.get(error, key);
  return typeof value === 'number' ? value : undefined;
}
