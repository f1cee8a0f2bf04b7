import { type Clock, type Logger, silentLogger, toMeshError, type MeshError, type Random } from '#kernel';
import type { HubStore, HubTotals } from '#hub';
import { int } from '../sqlite/columns.ts';
import type { Database } from '../sqlite/database.ts';
import { type CommitMemory, GroupCommit } from '../sqlite/group-commit.ts';
import { LogSize } from '../sqlite/log-size.ts';
import { openDatabase, openMemoryDatabase } from '../sqlite/open-database.ts';
import { openWalSync, type WalSync } from '../sqlite/wal-sync.ts';
import { init } from './001-init.ts';
import { boxes } from './002-boxes.ts';
import { SqliteAgents } from './agents.ts';
import { SqliteBlobs } from './blobs.ts';
import { SqliteInvites } from './invites.ts';
import { SqliteKeyPackages } from './key-packages.ts';
import { beginEpoch, SqliteMailboxes } from './mailboxes.ts';
import { SqliteRooms } from './rooms.ts';

/** Version n is reached by the n-th of these. */
export const hubMigrations: readonly string[] = [init, boxes];
const epochBytes = 16;

export interface MemoryHubStoreOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger?: Logger;
  /** Runs a commit a little later; by default at the end of the turn of the event loop. */
  readonly schedule?: (commit: () => void) => unknown;
}

export interface SqliteHubStoreOptions extends MemoryHubStoreOptions {
  /** Such as `STATE_DIR/hub.db`; its folder must exist, and belong to this process. */
  readonly path: string;
  /** The disk failed: the store takes nothing more, and the process should end. */
  readonly onBroken?: (error: MeshError) => void;
}

/** Opens the database of a hub, or makes it. Throws as `openSqliteStore`. */
export async function openSqliteHubStore(options: SqliteHubStoreOptions): Promise<HubStore> {
  const { path } = options;
  return await beginHubStore(options, openDatabase(path, hubMigrations), openWalSync(path));
}

/** The same statements on a database in memory. */
export async function openMemoryHubStore(options: MemoryHubStoreOptions): Promise<HubStore> {
  return await beginHubStore(options, openMemoryDatabase(hubMigrations));
}

/** A store on a database that is open. */
export async function beginHubStore(
  options: MemoryHubStoreOptions & Pick<SqliteHubStoreOptions, 'onBroken'>,
  database: Database,
  wal?: WalSync,
): Promise<HubStore> {
  const { clock, random, logger = silentLogger, schedule = setImmediate, onBroken } = options;
  const commits = new GroupCommit({
    database,
    shared: nothing,
    clock,
    logger,
    schedule,
    sync: wal && (() => wal.sync()),
    log: wal && new LogSize({ database, clock }),
    onBroken: onBroken && ((error) => onBroken(toMeshError(error))),
  });
  const epoch = random.bytes(epochBytes);
  await commits.add((queries) => beginEpoch(queries, epoch));
  return new SqliteHubStore({ database, commits, epoch, wal });
}

/** All that is known is in the database. */
const nothing: CommitMemory = { mark: undefined, undoTo: () => {}, settle: () => {} };

interface Parts {
  readonly database: Database;
  readonly commits: GroupCommit;
  readonly epoch: Uint8Array;
  readonly wal: WalSync | undefined;
}

class SqliteHubStore implements HubStore {
  readonly agents: SqliteAgents;
  readonly mailboxes: SqliteMailboxes;
  readonly keyPackages: SqliteKeyPackages;
  readonly rooms: SqliteRooms;
  readonly blobs: SqliteBlobs;
  readonly invites: SqliteInvites;
  readonly #parts: Parts;
  #closing: Promise<void> | undefined;

  constructor(parts: Parts) {
    const { database: queries, commits, epoch } = parts;
    const shared = { queries, commits };
    this.#parts = parts;
    this.agents = new SqliteAgents(shared);
    this.mailboxes = new SqliteMailboxes(shared, epoch);
    this.keyPackages = new SqliteKeyPackages(shared);
    this.rooms = new SqliteRooms(shared);
    this.blobs = new SqliteBlobs(shared);
    this.invites = new SqliteInvites(shared);
  }

  async totals(): Promise<HubTotals> {
    const { database } = this.#parts;
    const row = database.get(`SELECT count(*) AS agents, (SELECT coalesce(sum(frames), 0) FROM box) AS frames,
      (SELECT coalesce(sum(bytes), 0) FROM box) AS bytes, (SELECT count(*) FROM room) AS rooms, (SELECT count(*) FROM blob) AS blobs,
      (SELECT coalesce(sum(size), 0) FROM blob) AS blob_bytes FROM agent WHERE state = 0`);
    const of = (column: string): number => (row === undefined ? 0 : int(row, column));
    return {
      agents: of('agents'),
      frames: of('frames'),
      bytes: of('bytes'),
      rooms: of('rooms'),
      blobs: of('blobs'),
      blobBytes: of('blob_bytes'),
    };
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const { commits, database, wal } = this.#parts;
    await commits.close();
    database.close();
    wal?.close();
  }
}
