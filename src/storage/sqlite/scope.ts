import type { SQLInputValue } from 'node:sqlite';
import { MeshError } from '#kernel';
import type { Database, Queries, Row } from './database.ts';

/** The connection as one work sees it: useless once the work's function has returned. */
export class Scope implements Queries {
  readonly #database: Database;
  #open = true;
  #held: (() => void) | undefined;

  constructor(database: Database) {
    this.#database = database;
  }

  get(sql: string, ...values: readonly SQLInputValue[]): Row | undefined {
    this.check();
    return this.#database.get(sql, ...values);
  }

  all(sql: string, ...values: readonly SQLInputValue[]): readonly Row[] {
    this.check();
    return this.#database.all(sql, ...values);
  }

  each(sql: string, ...values: readonly SQLInputValue[]): Iterable<Row> {
    this.check();
    return this.#database.each(sql, ...values);
  }

  run(sql: string, ...values: readonly SQLInputValue[]): number {
    this.check();
    return this.#database.run(sql, ...values);
  }

  insert(sql: string, ...values: readonly SQLInputValue[]): number {
    this.check();
    return this.#database.insert(sql, ...values);
  }

  /** Throws INTERNAL when the work is over, or when its transaction failed and the work went on regardless. */
  check(): void {
    if (!this.#open) throw new MeshError('INTERNAL', 'A transaction was used after its function had returned');
    if (this.#database.failure !== undefined) throw this.#database.failure;
  }

  /** Rows that are written later, at `flush`: before they are read, or when the work ends. */
  hold(write: () => void): void {
    this.#held = write;
  }

  flush(): void {
    this.#held?.();
  }

  close(): void {
    this.#open = false;
  }
}
