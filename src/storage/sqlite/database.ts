import type { DatabaseSync, SQLInputValue, SQLOutputValue, StatementSync } from 'node:sqlite';
import type { MeshError } from '#kernel';
import { isStoreFailure, toStoreError } from './sqlite-error.ts';

export type Row = Readonly<Record<string, SQLOutputValue>>;

/** Statements by their text, each prepared once. Throws STORE_FULL, STORE_CORRUPT, STORE_UNREADABLE. */
export interface Queries {
  /** Throws INTERNAL when this is a transaction that is over. */
  check(): void;
  get(sql: string, ...values: readonly SQLInputValue[]): Row | undefined;
  all(sql: string, ...values: readonly SQLInputValue[]): readonly Row[];
  /** Lazily, for when the end is not known before; nothing else may write meanwhile. */
  each(sql: string, ...values: readonly SQLInputValue[]): Iterable<Row>;
  /** Returns the number of rows changed. */
  run(sql: string, ...values: readonly SQLInputValue[]): number;
  /** Returns the row number of the inserted row. */
  insert(sql: string, ...values: readonly SQLInputValue[]): number;
}

/** One connection. Remembers a failure that ended the transaction, whether or not the caller noticed it. */
export class Database implements Queries {
  readonly path: string;
  readonly #connection: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  #failure: MeshError | undefined;

  constructor(connection: DatabaseSync, path: string) {
    this.#connection = connection;
    this.path = path;
  }

  get inTransaction(): boolean {
    return this.#connection.isTransaction;
  }

  /** The failure since `clearFailure` after which nothing of the open transaction may be kept. */
  get failure(): MeshError | undefined {
    return this.#failure;
  }

  clearFailure(): void {
    this.#failure = undefined;
  }

  check(): void {}

  get(sql: string, ...values: readonly SQLInputValue[]): Row | undefined {
    try {
      return this.#prepared(sql).get(...values);
    } catch (error) {
      throw this.#failed(error);
    }
  }

  all(sql: string, ...values: readonly SQLInputValue[]): readonly Row[] {
    try {
      return this.#prepared(sql).all(...values);
    } catch (error) {
      throw this.#failed(error);
    }
  }

  *each(sql: string, ...values: readonly SQLInputValue[]): Iterable<Row> {
    try {
      yield* this.#prepared(sql).iterate(...values);
    } catch (error) {
      throw this.#failed(error);
    }
  }

  run(sql: string, ...values: readonly SQLInputValue[]): number {
    try {
      return Number(this.#prepared(sql).run(...values).changes);
    } catch (error) {
      throw this.#failed(error);
    }
  }

  insert(sql: string, ...values: readonly SQLInputValue[]): number {
    try {
      return Number(this.#prepared(sql).run(...values).lastInsertRowid);
    } catch (error) {
      throw this.#failed(error);
    }
  }

  /** Several statements without values. */
  exec(sql: string): void {
    try {
      this.#connection.exec(sql);
    } catch (error) {
      throw this.#failed(error);
    }
  }

  close(): void {
    this.#statements.clear();
    this.#connection.close();
  }

  #prepared(sql: string): StatementSync {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    const statement = this.#connection.prepare(sql);
    this.#statements.set(sql, statement);
    return statement;
  }

  #failed(error: unknown): unknown {
    const failure = toStoreError(error, this.path);
    if (isStoreFailure(failure)) this.#failure ??= failure;
    return failure;
  }
}
