import { int } from './columns.ts';
import type { Queries } from './database.ts';

export interface SeqSearch {
  readonly table: 'outbox' | 'frame';
  readonly column: 'created_at';
  readonly time: number;
}

/**
 * The first row number from which on rows are not older than `time`: a bisection, as rows are numbered in order of
 * time. The newest row is never below it, so that numbers of pruned rows are not given out again.
 */
export function firstSeqSince(queries: Queries, { table, column, time }: SeqSearch): number {
  const key = table === 'frame' ? 'no' : 'seq';
  const ends = queries.get(
    `SELECT (SELECT min(${key}) FROM ${table}) AS low, (SELECT max(${key}) FROM ${table}) AS high`,
  );
  if (ends === undefined || ends.low === null) return 0;
  let low = int(ends, 'low');
  let high = int(ends, 'high');
  const sql = `SELECT ${key} AS key, ${column} AS time FROM ${table} WHERE ${key} >= ? ORDER BY ${key} LIMIT 1`;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const row = queries.get(sql, middle);
    if (row === undefined || int(row, 'time') >= time) high = middle;
    else low = int(row, 'key') + 1;
  }
  return high;
}
