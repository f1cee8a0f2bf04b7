import { ContactCache } from './contact-cache.ts';
import type { Queries } from './database.ts';
import { int } from './columns.ts';
import { Lanes } from './lanes.ts';
import { Tally } from './tally.ts';
import type { AuditEntry } from '#audit';

/** What the store keeps in memory beside the database; every part can be read again from it. */
export class Shared {
  readonly lanes: Lanes;
  readonly contacts: ContactCache;
  /** Outbox messages that wait for a frame, by lane; there is one slot. */
  readonly waiting: Tally;
  /** Inbox messages that are not handled, by lane; the slot is that of `slotOf` in inbox-phase.ts. */
  readonly open: Tally;
  lastAudit: AuditEntry | undefined;
  readonly #nextSeq = new Map<'outbox' | 'inbox', number>();
  readonly #queries: Queries;

  constructor(queries: Queries) {
    this.#queries = queries;
    this.lanes = new Lanes(queries);
    this.contacts = new ContactCache(queries);
    this.waiting = new Tally(() => counted(queries, countWaiting));
    this.open = new Tally(() => counted(queries, countOpen));
  }

  /** The next row number, given out before the row is written. */
  nextSeq(table: 'outbox' | 'inbox'): number {
    const row = this.#nextSeq.get(table) ?? lastSeq(this.#queries, table) + 1;
    this.#nextSeq.set(table, row + 1);
    return row;
  }

  get mark(): { readonly waiting: number; readonly open: number } {
    return { waiting: this.waiting.mark, open: this.open.mark };
  }

  /** The work since the mark was rolled back. */
  undoTo(mark: { readonly waiting: number; readonly open: number }): void {
    this.waiting.undoTo(mark.waiting);
    this.open.undoTo(mark.open);
    this.lanes.reset();
    this.contacts.reset();
    this.lastAudit = undefined;
    this.#nextSeq.clear();
  }

  /** The transaction committed. */
  settle(): void {
    this.waiting.settle();
    this.open.settle();
  }
}

const countWaiting =
  'SELECT lane, 0 AS slot, count(*) AS count FROM outbox WHERE frame IS NULL AND ended IS NULL GROUP BY lane';
const countOpen = `SELECT lane, phase * 16 + type * 3 + priority AS slot, count(*) AS count FROM inbox_state
   WHERE phase < 8 GROUP BY lane, phase, type, priority`;

function* counted(queries: Queries, sql: string): Iterable<{ lane: number; slot: number; count: number }> {
  for (const row of queries.all(sql))
    yield { lane: int(row, 'lane'), slot: int(row, 'slot'), count: int(row, 'count') };
}

function lastSeq(queries: Queries, table: 'outbox' | 'inbox'): number {
  const row = queries.get(`SELECT coalesce(max(seq), 0) AS seq FROM ${table}`);
  return row === undefined ? 0 : int(row, 'seq');
}
