import type { Clock } from '#kernel';
import { ContactCache } from './contact-cache.ts';
import type { Queries } from './database.ts';
import { int } from './columns.ts';
import { Lanes } from './lanes.ts';
import { RunTime } from './run-time.ts';
import { Tally } from './tally.ts';
import type { AuditEntry } from '#audit';

/** Where the tallies stood. */
interface Mark {
  readonly waiting: number;
  readonly open: number;
  readonly unread: number;
}

/** For a store that nobody writes. */
const stopped: Pick<Clock, 'monotonic'> = { monotonic: () => 0 };

/** What the store keeps in memory beside the database; every part can be read again from it. */
export class Shared {
  readonly lanes: Lanes;
  readonly contacts: ContactCache;
  /** Outbox messages that wait for a frame, by lane; the slots are those of `outbox-waiting.ts`. */
  readonly waiting: Tally;
  /** Inbox messages that are not handled, by lane; the slot is that of `slotOf` in inbox-queue.ts. */
  readonly open: Tally;
  /** Inbox messages that nobody has dealt with, by lane; the slots are those of `inbox-unread.ts`. */
  readonly unread: Tally;
  readonly runTime: RunTime;
  lastAudit: AuditEntry | undefined;
  readonly #nextSeq = new Map<'outbox' | 'inbox', number>();
  readonly #queries: Queries;

  constructor(queries: Queries, clock = stopped) {
    this.#queries = queries;
    this.lanes = new Lanes(queries);
    this.contacts = new ContactCache(queries);
    this.waiting = new Tally(() => counted(queries, countWaiting));
    this.open = new Tally(() => counted(queries, countOpen));
    this.unread = new Tally(() => counted(queries, sumUnread));
    this.runTime = new RunTime(queries, clock);
  }

  /** The next row number, given out before the row is written. */
  nextSeq(table: 'outbox' | 'inbox'): number {
    const row = this.#nextSeq.get(table) ?? lastSeq(this.#queries, table) + 1;
    this.#nextSeq.set(table, row + 1);
    return row;
  }

  get mark(): Mark {
    return { waiting: this.waiting.mark, open: this.open.mark, unread: this.unread.mark };
  }

  /** The work since the mark was rolled back; without one, the whole transaction. */
  undoTo(mark: Mark = { waiting: 0, open: 0, unread: 0 }): void {
    this.waiting.undoTo(mark.waiting);
    this.open.undoTo(mark.open);
    this.unread.undoTo(mark.unread);
    this.lanes.reset();
    this.contacts.reset();
    this.lastAudit = undefined;
    this.#nextSeq.clear();
  }

  /** The transaction committed. */
  settle(): void {
    for (const tally of [this.waiting, this.open, this.unread]) tally.settle();
  }

  /** Rows moved from one lane to another. */
  recount(): void {
    for (const tally of [this.waiting, this.open, this.unread]) tally.reset();
  }
}

const countWaiting = `SELECT lane, priority AS slot, count(*) AS count FROM outbox WHERE frame IS NULL AND ended IS NULL
   GROUP BY lane, priority
   UNION ALL SELECT lane, 3, sum(size) FROM outbox WHERE frame IS NULL AND ended IS NULL GROUP BY lane`;
const countOpen = `SELECT lane, phase * 16 + type * 3 + priority AS slot, count(*) AS count FROM inbox_state
   WHERE phase < 8 GROUP BY lane, phase, type, priority`;
const sumUnread = `SELECT lane, 0 AS slot, count(*) AS count FROM inbox_state WHERE phase < 8 AND phase < 4 GROUP BY lane
   UNION ALL SELECT lane, 1, sum(size) FROM inbox_state WHERE phase < 8 AND phase < 4 GROUP BY lane`;

function* counted(queries: Queries, sql: string): Iterable<{ lane: number; slot: number; count: number }> {
  for (const row of queries.all(sql))
    yield { lane: int(row, 'lane'), slot: int(row, 'slot'), count: int(row, 'count') };
}

/** Numbers of rows that are gone are not given out again: marks would take the new rows for old ones. */
function lastSeq(queries: Queries, table: 'outbox' | 'inbox'): number {
  const row = queries.get(`SELECT max(coalesce((SELECT max(seq) FROM ${table}), 0),
    coalesce((SELECT max(${table}) FROM mark), 0)) AS seq`);
  return row === undefined ? 0 : int(row, 'seq');
}
