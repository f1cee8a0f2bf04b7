import { type Clock, type Limits, type Logger, type MeshError, silentLogger, toMeshError } from '#kernel';
import type { MeshReader, MeshStore } from '#pipeline';
import { SqliteMeshStore, meshReader } from './sqlite/mesh-store.ts';
import { openDatabase, openMemoryDatabase, openReadOnlyDatabase } from './sqlite/open-database.ts';
import { openWalSync } from './sqlite/wal-sync.ts';

export interface MemoryStoreOptions {
  readonly clock: Clock;
  readonly limits: Limits;
  readonly logger?: Logger;
  /** Runs a commit a little later; by default at the end of the turn of the event loop, which many works then share. */
  readonly schedule?: (commit: () => void) => unknown;
}

export interface SqliteStoreOptions extends MemoryStoreOptions {
  /** Of the database file, such as `STATE_DIR/mesh.db`; its folder must exist. */
  readonly path: string;
  /** The disk failed to make a commit durable: the store takes nothing more, and the process should end and open it again. */
  readonly onBroken?: (error: MeshError) => void;
}

/** What can be read of a store without a node. */
export interface ReadOnlyStore {
  readonly read: MeshReader;
  close(): Promise<void>;
}

/**
 * Opens the database, or makes it when there is none. Throws STORE_CORRUPT, STORE_TOO_NEW, STORE_UNREADABLE,
 * STORE_FULL. The caller holds the lock of the state folder (`lockStateDir`).
 */
export async function openSqliteStore(options: SqliteStoreOptions): Promise<MeshStore> {
  const { path, onBroken } = options;
  const database = openDatabase(path);
  const broken = onBroken && ((error: unknown): void => onBroken(toMeshError(error)));
  return new SqliteMeshStore({ ...defaults(options), database, wal: openWalSync(path), onBroken: broken });
}

/** The same statements on a database in memory: for tests and simulations. */
export async function openMemoryStore(options: MemoryStoreOptions): Promise<MeshStore> {
  return new SqliteMeshStore({ ...defaults(options), database: openMemoryDatabase() });
}

/**
 * Reads a database that no node has open, or one after a crash; writes and creates nothing. Throws as `openSqliteStore`
 * does.
 */
export async function openReadOnlyStore(path: string): Promise<ReadOnlyStore> {
  const database = openReadOnlyDatabase(path);
  return {
    read: meshReader(database),
    close: async () => database.close(),
  };
}

function defaults({ clock, logger = silentLogger, schedule = setImmediate }: MemoryStoreOptions) {
  return { clock, logger, schedule };
}
