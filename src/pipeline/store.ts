import type { AuditReader, AuditWriter } from '#audit';
import type { FileReader, FileWriter, InboxReader, InboxWriter, OutboxReader, OutboxWriter } from '#delivery';
import type { SessionReader, SessionWriter } from '#session';
import type { GuardReader, GuardWriter, SourceReader, SourceWriter } from './guard-store.ts';
import type { BudgetReader, BudgetWriter, ContactReader, ContactWriter } from '#trust';

/** All that can be read. Reading never waits for a write. */
export interface MeshReader {
  readonly contacts: ContactReader;
  readonly sessions: SessionReader;
  readonly outbox: OutboxReader;
  readonly inbox: InboxReader;
  readonly files: FileReader;
  readonly budgets: BudgetReader;
  readonly guards: GuardReader;
  readonly sources: SourceReader;
  readonly audit: AuditReader;
  /** Small values of the node itself (card sequence numbers, schema facts). */
  readonly values: { get(key: string): string | undefined };
}

/** Exists only inside a transaction: the write methods. Synchronous; valid until the function returns. */
export interface MeshTransaction {
  readonly contacts: ContactWriter;
  readonly sessions: SessionWriter;
  readonly outbox: OutboxWriter;
  readonly inbox: InboxWriter;
  readonly files: FileWriter;
  readonly budgets: BudgetWriter;
  readonly guards: GuardWriter;
  readonly sources: SourceWriter;
  readonly audit: AuditWriter;
  readonly values: {
    get(key: string): string | undefined;
    set(key: string, value: string): void;
    delete(key: string): void;
  };
  /** What is kept for a time is kept for so long while the node runs, whatever the wall clock is set to (spec 11.9). */
  readonly history: {
    /** Notes that what is stored now was there at this point of the time that the node ran. */
    mark(): void;
  };
}

export interface MeshStore {
  readonly read: MeshReader;
  /**
   * Runs `work` in a transaction and resolves with its result once that is durable (fsync). What arrives in the same tick shares one
   * commit; a `work` that throws is undone alone and only its promise rejects. Throws STORE_FULL, STORE_CORRUPT.
   */
  transact<T>(work: (tx: MeshTransaction) => T): Promise<T>;
  /** Waits for open transactions, then closes. */
  close(): Promise<void>;
}
