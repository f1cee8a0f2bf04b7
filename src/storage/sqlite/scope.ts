import type { SQLInputValue } from 'node:sqlite';
import { MeshError, toMeshError } from '#kernel';
import type { Database, Queries, Row } from './database.ts';

/** The connection as one work sees it: useless once the work's function has returned. */
export class Scope implements Queries {
  readonly #database: Database;
  #open = true;
  #held: (() => void) | undefined;
  #spoiled: MeshError | undefined;

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
    const failure = this.#database.failure ?? this.#spoiled;
    if (failure !== undefined) throw failure;
  }

  /** Rows that are written later, at `flush`: before they are read, or when the work ends. */
  hold(write: () => void): void {
    this.#held = write;
  }

  flush(): void {
    if (this.#spoiled !== undefined) throw this.#spoiled;
    try {
      this.#held?.();
    } catch (error) {
      // The caller was told that these rows are written, so the work cannot succeed without them.
      this.#spoiled = toMeshError(error);
      throw error;
    }
  }

  close(): void {
    this.#open = false;
  }
}
