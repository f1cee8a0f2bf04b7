import type { DatabaseSync } from 'node:sqlite';
import { Database } from '../../src/storage/sqlite/database.ts';

type Values = Parameters<Database['run']> extends [string, ...infer V] ? V : never;

/** Notes every statement that it is asked for. */
export class RecordingDatabase extends Database {
  readonly #statements: Set<string>;

  constructor(connection: DatabaseSync, statements: Set<string>) {
    super(connection, ':memory:');
    this.#statements = statements;
  }

  override get(sql: string, ...values: Values): ReturnType<Database['get']> {
    this.#statements.add(sql);
    return super.get(sql, ...values);
  }

  override all(sql: string, ...values: Values): ReturnType<Database['all']> {
    this.#statements.add(sql);
    return super.all(sql, ...values);
  }

  override each(sql: string, ...values: Values): ReturnType<Database['each']> {
    this.#statements.add(sql);
    return super.each(sql, ...values);
  }

  override run(sql: string, ...values: Values): number {
    this.#statements.add(sql);
    return super.run(sql, ...values);
  }

  override insert(sql: string, ...values: Values): number {
    this.#statements.add(sql);
    return super.insert(sql, ...values);
  }
}

/** How SQLite would run it, step by step. */
export const planOf = (connection: DatabaseSync, sql: string): readonly string[] =>
  connection
    .prepare(`EXPLAIN QUERY PLAN ${sql}`)
    .all()
    .map(({ detail }) => String(detail));
