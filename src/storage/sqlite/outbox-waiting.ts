import type { PriorityTurns, QueueSize } from '#delivery';
import type { Priority } from '#protocol';
import { priorityName } from './codes.ts';
import { blob, int } from './columns.ts';
import type { Queries, Row } from './database.ts';
import { outboxColumns, outboxTables } from './outbox-row.ts';
import type { Shared } from './shared.ts';

/** Not sealed and not ended: the partial index `outbox_waiting` holds these rows. */
export const waitingRows = 'o.frame IS NULL AND o.ended IS NULL';

/** Slots of `Shared.waiting`: how many of each priority code, and the bytes of all. */
const priorityCodes: readonly number[] = [0, 1, 2];
const bytesSlot = 3;

/** Rows begin to wait, or with -1 wait no longer: each has `lane`, `priority` and `size`. */
export function countWaiting(shared: Shared, rows: readonly Row[], sign: 1 | -1): void {
  for (const row of rows) {
    const lane = int(row, 'lane');
    shared.waiting.add(lane, int(row, 'priority'), sign);
    shared.waiting.add(lane, bytesSlot, sign * int(row, 'size'));
  }
}

/** Bodies were replaced by others. */
export function countGrowth(shared: Shared, lane: number, bytes: number): void {
  shared.waiting.add(lane, bytesSlot, bytes);
}

export const waitingOf = (shared: Shared, lane: number): QueueSize => sizeOf((slot) => shared.waiting.get(lane, slot));

export const waitingInAll = (shared: Shared): QueueSize => sizeOf((slot) => shared.waiting.total(slot));

function sizeOf(slot: (slot: number) => number): QueueSize {
  const messages = priorityCodes.reduce((sum, code) => sum + slot(code), 0);
  return { messages, bytes: slot(bytesSlot) };
}

export interface WaitingQuery {
  readonly lane: number;
  readonly maxBytes: number;
  readonly limit: number;
  readonly turns?: PriorityTurns;
}

/** The rows of one priority, oldest first. A statement of its own for each, because several are read at the same time. */
const waitingOfPriority = (code: number): string =>
  `SELECT ${outboxColumns} FROM ${outboxTables} WHERE o.lane = ? AND o.priority = ${code} AND ${waitingRows}
   ORDER BY o.seq LIMIT ?`;
const statements = priorityCodes.map(waitingOfPriority);

/** Reads about as many rows as it returns, however many wait. */
export function readWaiting(queries: Queries, shared: Shared, query: WaitingQuery): readonly Row[] {
  const heads = headsOf(queries, shared, query);
  const rows: Row[] = [];
  let bytes = 0;
  try {
    while (rows.length < query.limit) {
      const head = nextHead(heads, query.turns);
      if (head === undefined) break;
      bytes += blob(head.row, 'body').length;
      if (rows.length > 0 && bytes > query.maxBytes) break;
      rows.push(head.row);
      query.turns?.took(head.priority);
      head.advance();
    }
  } finally {
    for (const head of heads.values()) head.close();
  }
  return rows;
}

interface Head {
  readonly priority: Priority;
  readonly row: Row;
  advance(): void;
  close(): void;
}

function headsOf(queries: Queries, shared: Shared, { lane, limit }: WaitingQuery): Map<Priority, Head> {
  const heads = new Map<Priority, Head>();
  for (const code of priorityCodes) {
    const sql = statements[code];
    if (sql === undefined || shared.waiting.get(lane, code) === 0) continue;
    openHead(heads, priorityName(code), queries.each(sql, lane, limit)[Symbol.iterator]());
  }
  return heads;
}

/** Stands at the first row that was not taken; it is gone when there is none. */
function openHead(heads: Map<Priority, Head>, priority: Priority, rows: Iterator<Row>): void {
  const read = (): void => {
    const next = rows.next();
    if (next.done === true) heads.delete(priority);
    else heads.set(priority, { priority, row: next.value, advance: read, close: () => void rows.return?.() });
  };
  read();
}

/** The heads are in the order of priority. */
function nextHead(heads: ReadonlyMap<Priority, Head>, turns: PriorityTurns | undefined): Head | undefined {
  const [first] = heads.values();
  if (turns === undefined || heads.size < 2) return first;
  return heads.get(turns.next(new Set(heads.keys())));
}
