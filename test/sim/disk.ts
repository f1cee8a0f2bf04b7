import { DatabaseSync, type SQLInputValue, type SQLOutputValue } from 'node:sqlite';
import { MeshError } from '#kernel';
import { Database } from '../../src/storage/sqlite/database.ts';
import { migrate } from '../../src/storage/sqlite/migrate.ts';
import type { WalSync } from '../../src/storage/sqlite/wal-sync.ts';
import type { Life } from './life.ts';

/** Something that a transaction did; kept apart from the database, so that a database that forgets it is found out. */
export interface Fact {
  /** Number of the commit that made it true. */
  commit: number;
  /** Power may fail: it stays. */
  isDurable: boolean;
  /** The database was set back to a time before it. */
  isUndone: boolean;
}

export interface DiskConditions {
  /** Resolves when what was written is on the disk. */
  wait(): Promise<void>;
  /** The next wait for the disk fails. */
  syncFails(): boolean;
  /** A planted bug: it says that it wrote, and did not. */
  readonly lies?: boolean | undefined;
}

/** The database as it was after a number of commits, and what was true then. */
export interface DiskImage<F extends Fact> {
  readonly bytes: Uint8Array;
  readonly commits: number;
  readonly facts: readonly F[];
}

export interface DiskOptions<F extends Fact> {
  readonly onCommit: (fact: F) => void;
  /** A database to begin with; an empty one without it. */
  readonly bytes: Uint8Array | undefined;
  /** The migrations that make an empty one. */
  readonly steps: readonly string[];
}

const allPages = 1_073_741_823;

/** The disk of one machine: one database, which outlives processes. What was committed and not synced is lost with the power. */
export class Disk<F extends Fact> {
  /** What was committed, in order. */
  #facts: F[] = [];
  #connection: DatabaseSync;
  /** Of the transaction that is open. */
  #open: F[] = [];
  #commits = 0;
  #synced = 0;
  /** Before each commit that is not synced, while the power may fail. */
  #images: DiskImage<F>[] = [];
  #watchesPower = false;
  #isFull = false;
  readonly #onCommit: (fact: F) => void;

  constructor({ onCommit, bytes, steps }: DiskOptions<F>) {
    this.#onCommit = onCommit;
    this.#connection = connect(bytes);
    if (bytes === undefined) migrate(this.#connection, 0, steps);
  }

  get facts(): readonly F[] {
    return this.#facts;
  }

  get isFull(): boolean {
    return this.#isFull;
  }

  /** From now on the power of this machine may fail. */
  watchPower(): void {
    this.#watchesPower = true;
  }

  /** Takes no new pages until `free`. */
  fill(): void {
    this.#isFull = true;
    this.#limitPages();
  }

  free(): void {
    this.#isFull = false;
    this.#limitPages();
  }

  /** The database as a new process finds it. */
  open(life: Life): Database {
    this.#reconnect(this.#connection.serialize());
    return new WatchedDatabase(this.#connection, {
      begin: () => {
        this.#open = [];
      },
      beforeCommit: () => this.#beforeCommit(),
      committed: () => {
        this.#committed();
        life.touch('committed');
      },
    });
  }

  /** Notes what the open transaction does. */
  note(fact: F): void {
    this.#open.push(fact);
  }

  walOf(life: Life, conditions: DiskConditions): WalSync {
    return {
      sync: async () => {
        const asked = this.#commits;
        await life.guard(conditions.wait());
        if (conditions.syncFails()) throw new MeshError('STORE_FULL', 'The disk failed to write');
        if (conditions.lies !== true) this.#settle(asked);
        life.touch('synced');
        await life.guard(Promise.resolve());
      },
      close: () => {},
    };
  }

  /** The power is gone: what was not synced is lost, or a part of it. `keeps` says how many of those commits survive. */
  losePower(keeps: (unsynced: number) => number): void {
    const kept = keeps(this.#images.length);
    const image = this.#images[kept];
    if (image !== undefined) this.#goBack(image);
    this.#images = [];
    this.#watchesPower = false;
    this.#settle(this.#commits);
  }

  /** A process was killed: what was committed is in the log, and the system writes it out. */
  loseProcess(): void {
    this.#images = [];
    this.#watchesPower = false;
    this.#settle(this.#commits);
  }

  /** A statement in the transaction that is open; for planted bugs. */
  run(sql: string, ...values: readonly SQLInputValue[]): void {
    this.#connection.prepare(sql).run(...values);
  }

  query(sql: string): readonly Record<string, SQLOutputValue>[] {
    return this.#connection.prepare(sql).all();
  }

  copy(): DiskImage<F> {
    return { bytes: this.#connection.serialize(), commits: this.#commits, facts: [...this.#facts] };
  }

  /** As from a backup. No process may have it open. */
  restore(image: DiskImage<F>): void {
    this.#goBack(image);
    this.#settle(this.#commits);
  }

  close(): void {
    this.#connection.close();
  }

  #beforeCommit(): void {
    if (this.#watchesPower && (this.#images.length > 0 || this.#commits === this.#synced))
      this.#images.push(this.copy());
  }

  #committed(): void {
    this.#commits += 1;
    for (const fact of this.#open) {
      fact.commit = this.#commits;
      this.#facts.push(fact);
      this.#onCommit(fact);
    }
    this.#open = [];
  }

  #settle(commit: number): void {
    this.#synced = Math.max(this.#synced, commit);
    this.#images = this.#images.filter(({ commits }) => commits >= commit);
    for (let i = this.#facts.length - 1; i >= 0; i -= 1) {
      const fact = this.#facts[i];
      if (fact === undefined || fact.commit > commit) continue;
      if (fact.isDurable) break;
      fact.isDurable = true;
    }
  }

  #goBack({ bytes, facts }: DiskImage<F>): void {
    for (const fact of this.#facts) fact.isUndone = true;
    for (const fact of facts) fact.isUndone = false;
    this.#facts = [...facts];
    this.#reconnect(bytes);
  }

  #reconnect(bytes: Uint8Array): void {
    this.#connection.close();
    this.#connection = connect(bytes);
    this.#limitPages();
  }

  #limitPages(): void {
    this.#connection.exec(`PRAGMA max_page_count = ${this.#isFull ? 1 : allPages}`);
  }
}

function connect(bytes?: Uint8Array): DatabaseSync {
  const connection = new DatabaseSync(':memory:', { enableForeignKeyConstraints: true });
  if (bytes !== undefined) connection.deserialize(bytes);
  return connection;
}

interface Watcher {
  begin(): void;
  beforeCommit(): void;
  committed(): void;
}

/** Tells when transactions begin and when they are committed. */
class WatchedDatabase extends Database {
  readonly #watcher: Watcher;

  constructor(connection: DatabaseSync, watcher: Watcher) {
    super(connection, ':memory:');
    this.#watcher = watcher;
  }

  /** The disk is not gone with the process. */
  override close(): void {}

  override run(sql: string, ...values: readonly SQLInputValue[]): number {
    if (sql === 'BEGIN IMMEDIATE') this.#watcher.begin();
    if (sql === 'COMMIT') this.#watcher.beforeCommit();
    const changes = super.run(sql, ...values);
    if (sql === 'COMMIT') this.#watcher.committed();
    return changes;
  }
}
