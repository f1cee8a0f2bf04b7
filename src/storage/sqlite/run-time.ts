import type { KeyWindow } from '#delivery';
import type { Clock } from '#kernel';
import { int } from './columns.ts';
import type { Queries } from './database.ts';

type Table = 'outbox' | 'inbox';

const hour = 3_600_000;
/** Longer than anything is kept. */
const marksKeptMs = 100 * 24 * hour;

/**
 * Counts the time that the node ran. What must be remembered for so long is measured by it: the wall clock may jump, and a
 * jump must not make the store forget (spec 11.9). A mark says how far the tables were at a time.
 */
export class RunTime {
  readonly #queries: Queries;
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #startedAt: number;
  #ranBefore: number | undefined;

  constructor(queries: Queries, clock: Pick<Clock, 'monotonic'>) {
    this.#queries = queries;
    this.#clock = clock;
    this.#startedAt = clock.monotonic();
  }

  /** Milliseconds. What passed after the last mark of an earlier run is lost, so that it may count too little and never too much. */
  get ranMs(): number {
    this.#ranBefore ??= lastMark(this.#queries);
    return this.#ranBefore + Math.floor(this.#clock.monotonic() - this.#startedAt);
  }

  /** `queries` is the open transaction. */
  mark(queries: Queries): void {
    const ran = this.ranMs;
    const sql = `INSERT OR REPLACE INTO mark (ran, outbox, inbox) VALUES (?, coalesce((SELECT max(seq) FROM outbox), 0),
      coalesce((SELECT max(seq) FROM inbox), 0))`;
    queries.run(sql, ran);
    queries.run('DELETE FROM mark WHERE ran < ?', ran - marksKeptMs);
  }

  /** Rows up to this number were there when the node had `ranMs` less behind it; 0 when none was, or it is not known. */
  seqBefore(table: Table, ranMs: number): number {
    const sql = `SELECT ${table} AS seq FROM mark WHERE ran <= ? ORDER BY ran DESC LIMIT 1`;
    const row = this.#queries.get(sql, this.ranMs - ranMs);
    return row === undefined ? 0 : int(row, 'seq');
  }
}

/** The end of a WHERE clause that takes what `windowValues` gives. */
export const withinWindow = (seq: string, time: string): string => `${seq} > ? AND (${time} >= ? OR ${seq} > ?)`;

export const windowValues = (runTime: RunTime, table: Table, window: KeyWindow): [number, number, number] => [
  runTime.seqBefore(table, window.ranMs),
  window.since,
  runTime.seqBefore(table, window.surelyRanMs),
];

function lastMark(queries: Queries): number {
  const row = queries.get('SELECT max(ran) AS ran FROM mark');
  return row === undefined || row.ran === null ? 0 : int(row, 'ran');
}
