import { text } from './columns.ts';
import type { Queries } from './database.ts';

export class Values {
  protected readonly queries: Queries;

  constructor(queries: Queries) {
    this.queries = queries;
  }

  get(key: string): string | undefined {
    const row = this.queries.get('SELECT text FROM value WHERE key = ?', key);
    return row === undefined ? undefined : text(row, 'text');
  }
}

export class WritableValues extends Values {
  set(key: string, value: string): void {
    const sql = 'INSERT INTO value (key, text) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET text = excluded.text';
    this.queries.run(sql, key, value);
  }

  delete(key: string): void {
    this.queries.run('DELETE FROM value WHERE key = ?', key);
  }
}
