import { type Clock, type Logger, MeshError } from '#kernel';
import type { Database } from './database.ts';
import type { LogSize } from './log-size.ts';
import { Scope } from './scope.ts';

/** A commit that takes longer is worth a line in the log: the disk is too slow. */
const slowCommitMs = 500;

/** What is kept in memory beside the database, and is undone with it. */
export interface CommitMemory {
  readonly mark: unknown;
  /** The work since the mark was rolled back; without one, the whole transaction. */
  undoTo(mark?: unknown): void;
  /** The transaction committed. */
  settle(): void;
}

export interface GroupCommitOptions {
  readonly database: Database;
  readonly shared: CommitMemory;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Makes commits durable; without it they are when COMMIT returns, or never (in memory). */
  readonly sync?: (() => Promise<void>) | undefined;
  /** A sync failed: nothing is taken any more. */
  readonly onBroken?: ((error: unknown) => void) | undefined;
  /** Of a database on a disk. */
  readonly log?: LogSize | undefined;
  /** When to commit what came in: `setImmediate` shares a commit among all that one turn of the event loop brings. */
  schedule(commit: () => void): unknown;
}

interface Job {
  run(scope: Scope): unknown;
  resolve(value: unknown): void;
  reject(error: unknown): void;
  outcome?: { readonly value: unknown } | { readonly error: unknown };
}

/** Works that arrive together run in one transaction and share one fsync; each is undone alone when it throws. */
export class GroupCommit {
  readonly #options: GroupCommitOptions;
  #jobs: Job[] = [];
  #scheduled = false;
  #running = false;
  #closed = false;
  /** Committed, but not known to be on the disk. */
  #unsynced: Job[] = [];
  #syncing: Promise<void> | undefined;
  /**
   * Why a sync failed. What is on the disk is unknown from then on, and what callers hold in memory may be neither what was before nor what
   * was meant: only a process that opens the database again knows.
   */
  #broken: unknown;

  constructor(options: GroupCommitOptions) {
    this.#options = options;
  }

  /** Resolves after the commit. Rejects with what `work` threw, with the failure of the commit, or SHUTTING_DOWN. */
  add<T>(work: (scope: Scope) => T): Promise<T> {
    if (this.#closed) return Promise.reject(new MeshError('SHUTTING_DOWN', 'The store is closed'));
    if (this.#broken !== undefined) return Promise.reject(this.#broken);
    if (this.#running) return Promise.reject(new MeshError('INTERNAL', 'Transactions cannot be nested'));
    return new Promise<T>((resolve, reject) => {
      this.#jobs.push({ run: work, resolve, reject });
      if (this.#scheduled) return;
      this.#scheduled = true;
      this.#options.schedule(() => this.#commit());
    });
  }

  /** Commits what came in so far, then takes nothing more. Resolves when all of it is durable. */
  async close(): Promise<void> {
    if (this.#running) throw new MeshError('INTERNAL', 'The store cannot be closed inside a transaction');
    this.#closed = true;
    this.#commit();
    await this.#syncing;
  }

  #commit(): void {
    this.#scheduled = false;
    const jobs = this.#jobs;
    if (jobs.length === 0) return;
    this.#jobs = [];
    if (this.#broken !== undefined) {
      for (const job of jobs) settle(job, this.#broken);
      return;
    }
    const { clock, logger } = this.#options;
    const startedAt = clock.monotonic();
    this.#running = true;
    let failure: unknown;
    try {
      this.#runAll(jobs);
    } catch (error) {
      failure = error ?? new MeshError('INTERNAL', 'The transaction failed');
    } finally {
      this.#running = false;
    }
    const ms = Math.round(clock.monotonic() - startedAt);
    if (ms > slowCommitMs) logger.warn('store.slow-commit', { ms, works: jobs.length });
    const { sync, log } = this.#options;
    if (failure === undefined) log?.tend();
    else log?.relieve();
    if (failure === undefined && sync !== undefined) this.#syncLater(jobs, sync);
    else for (const job of jobs) settle(job, failure);
  }

  /** One sync at a time; what is committed during one shares the next. */
  #syncLater(jobs: readonly Job[], sync: () => Promise<void>): void {
    this.#unsynced.push(...jobs);
    this.#syncing ??= this.#syncAll(sync);
  }

  async #syncAll(sync: () => Promise<void>): Promise<void> {
    while (this.#unsynced.length > 0) {
      const jobs = this.#unsynced;
      this.#unsynced = [];
      if (this.#broken === undefined) {
        try {
          await sync();
        } catch (error) {
          this.#broken = error ?? new MeshError('STORE_UNREADABLE', 'The disk failed');
          this.#options.onBroken?.(this.#broken);
        }
      }
      for (const job of jobs) settle(job, this.#broken);
    }
    this.#syncing = undefined;
  }

  /** Throws when nothing of the group may be kept; then all of it is undone. */
  #runAll(jobs: readonly Job[]): void {
    const { database, shared } = this.#options;
    database.clearFailure();
    try {
      database.run('BEGIN IMMEDIATE');
      for (const job of jobs) this.#runOne(job, jobs.length > 1);
      if (database.inTransaction) database.run('COMMIT');
      else if (jobs.some(({ outcome }) => outcome !== undefined && 'value' in outcome)) {
        throw new MeshError('INTERNAL', 'The transaction was undone before it was committed');
      }
    } catch (error) {
      this.#rollback();
      throw error;
    }
    shared.settle();
  }

  #runOne(job: Job, shared: boolean): void {
    const { database } = this.#options;
    const scope = new Scope(database);
    const mark = this.#options.shared.mark;
    if (shared) database.run('SAVEPOINT work');
    try {
      const value = job.run(scope);
      if (isThenable(value)) throw asynchronous(value);
      scope.flush();
      job.outcome = { value };
    } catch (error) {
      job.outcome = { error };
    } finally {
      scope.close();
    }
    // SQLite undoes the whole transaction when the disk is full, also when the work caught the error.
    if (database.failure !== undefined) throw database.failure;
    if ('error' in job.outcome) this.#undo(mark, shared);
    if (shared) database.run('RELEASE work');
  }

  #undo(mark: unknown, shared: boolean): void {
    const { database } = this.#options;
    database.run(shared ? 'ROLLBACK TO work' : 'ROLLBACK');
    this.#options.shared.undoTo(mark);
  }

  #rollback(): void {
    const { database, shared, logger } = this.#options;
    try {
      if (database.inTransaction) database.exec('ROLLBACK');
    } catch (error) {
      logger.error('store.rollback-failed', { error: String(error) });
    }
    shared.undoTo();
  }
}

function settle(job: Job, failure: unknown): void {
  const { outcome } = job;
  // The one whose statement failed learns the same as the others of its group.
  if (failure !== undefined) job.reject(failure);
  else if (outcome === undefined) job.reject(new MeshError('INTERNAL', 'The work was not run'));
  else if ('error' in outcome) job.reject(outcome.error);
  else job.resolve(outcome.value);
}

function asynchronous(value: PromiseLike<unknown>): MeshError {
  // It goes on without a transaction and will fail; nobody waits for that.
  value.then(undefined, () => undefined);
  return new MeshError('INTERNAL', 'The work of a transaction must not be asynchronous');
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}
