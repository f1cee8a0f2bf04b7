import type { Clock, Logger } from '#kernel';
import type { MeshReader, MeshStore, MeshTransaction } from '#pipeline';
import { AuditLog, WritableAuditLog } from './audit-log.ts';
import { Budgets, WritableBudgets } from './budgets.ts';
import { Contacts, WritableContacts } from './contacts.ts';
import type { Database } from './database.ts';
import { Files, WritableFiles } from './files.ts';
import { Guards, WritableGuards } from './guards.ts';
import { GroupCommit } from './group-commit.ts';
import { Inbox } from './inbox.ts';
import { WritableInbox } from './inbox-writer.ts';
import { LogSize } from './log-size.ts';
import { Outbox } from './outbox.ts';
import { WritableOutbox } from './outbox-writer.ts';
import { Sources, WritableSources } from './sources.ts';
import type { Scope } from './scope.ts';
import { Sessions, WritableSessions } from './sessions.ts';
import { Shared } from './shared.ts';
import { Values, WritableValues } from './values.ts';
import type { WalSync } from './wal-sync.ts';

export interface SqliteMeshStoreOptions {
  readonly database: Database;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Of the write-ahead log; absent for a database in memory. */
  readonly wal?: WalSync | undefined;
  readonly onBroken?: ((error: unknown) => void) | undefined;
  schedule(commit: () => void): unknown;
}

/** All reads over one connection. */
export function meshReader(database: Database, shared: Shared = new Shared(database)): MeshReader {
  return {
    contacts: new Contacts(database, shared),
    sessions: new Sessions(database, shared),
    outbox: new Outbox(database, shared),
    inbox: new Inbox(database, shared),
    files: new Files(database, shared),
    budgets: new Budgets(database),
    guards: new Guards(database, shared),
    sources: new Sources(database),
    audit: new AuditLog(database, shared),
    values: new Values(database),
  };
}

export class SqliteMeshStore implements MeshStore {
  readonly read: MeshReader;
  readonly #database: Database;
  readonly #shared: Shared;
  readonly #commits: GroupCommit;
  readonly #wal: WalSync | undefined;
  #closed = false;

  constructor(options: SqliteMeshStoreOptions) {
    this.#database = options.database;
    this.#shared = new Shared(options.database, options.clock);
    this.read = meshReader(options.database, this.#shared);
    const { wal } = options;
    this.#wal = wal;
    const log = wal && new LogSize(options);
    this.#commits = new GroupCommit({ ...options, shared: this.#shared, log, sync: wal && (() => wal.sync()) });
  }

  transact<T>(work: (tx: MeshTransaction) => T): Promise<T> {
    return this.#commits.add((scope) => work(this.#transaction(scope)));
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    await this.#commits.close();
    if (this.#closed) return;
    this.#closed = true;
    this.#database.close();
    this.#wal?.close();
  }

  #transaction(scope: Scope): MeshTransaction {
    const shared = this.#shared;
    return {
      contacts: new WritableContacts(scope, shared),
      sessions: new WritableSessions(scope, shared),
      outbox: new WritableOutbox(scope, shared),
      inbox: new WritableInbox(scope, shared),
      files: new WritableFiles(scope, shared),
      budgets: new WritableBudgets(scope),
      guards: new WritableGuards(scope, shared),
      sources: new WritableSources(scope),
      audit: new WritableAuditLog(scope, shared),
      values: new WritableValues(scope),
      history: { mark: () => shared.runTime.mark(scope) },
    };
  }
}
