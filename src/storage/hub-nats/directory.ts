import { encodeCbor, Serial } from '#kernel';
import { type Fields, fieldsOf } from './fields.ts';
import type { Layout } from './layout.ts';
import type { NatsClient } from './nats-client.ts';
import { unreachable } from './nats-errors.ts';
import type { Stored } from './stored.ts';

export interface RowWrite {
  readonly key: string;
  /** Undefined removes the row. */
  readonly row: Fields | undefined;
}

/** What keeps an index of rows. */
export interface RowIndex {
  set(key: string, row: Fields, seq: number): void;
  delete(key: string): void;
}

const maxAttempts = 200;

/**
 * Members, invites, rosters of rooms, what is known of blobs, epochs: rows of a key-value bucket, of which every process of a hub holds an
 * index in memory. A change is one row, written only behind everything that is in the bucket: so what a step decides by the whole index (a
 * name is free, an invite unused, a quota not reached) still holds when its row is written, and no step needs two rows. The sequence of the
 * bucket is compared where JetStream applies writes, which holds with replicas too.
 */
export class Directory {
  readonly #client: NatsClient;
  readonly #layout: Layout;
  readonly #index: RowIndex;
  readonly #serial = new Serial();
  #seq = 0;
  #catching: Promise<void> | undefined;
  #again: Promise<void> | undefined;
  #written: { readonly id: string; seq?: number } | undefined;

  constructor(client: NatsClient, layout: Layout, index: RowIndex) {
    this.#client = client;
    this.#layout = layout;
    this.#index = index;
  }

  /** Up to where the index goes. */
  get seq(): number {
    return this.#seq;
  }

  /** The first time: all there is. The last row of the bucket may have been removed, but its sequence counts. */
  async load(): Promise<void> {
    const last = await this.#client.lastSeq(this.#layout.directory);
    await this.#read();
    this.#seq = Math.max(this.#seq, last);
  }

  /** Resolves when everything that was in the bucket when this was called is in the index. */
  catchUp(): Promise<void> {
    if (this.#catching === undefined) {
      this.#catching = this.#read().finally(() => (this.#catching = undefined));
      return this.#catching;
    }
    // One that began before may have missed it; all that wait share the next.
    this.#again ??= this.#catching
      .catch(() => {})
      .then(() => {
        this.#again = undefined;
        return this.catchUp();
      });
    return this.#again;
  }

  /**
   * Decides by the index and writes one row, again when another came in between. Undefined writes nothing. Resolves to the sequence of the
   * row, or of the index.
   */
  commit(decide: () => Promise<RowWrite | undefined> | RowWrite | undefined): Promise<number> {
    return this.#serial.run(async () => {
      for (let attempt = 0; attempt < maxAttempts; attempt += 1) {
        // Mostly nothing is new: a row that is accepted was decided rightly. Everything else is said only by what is there at that moment.
        const isGuess = attempt === 0;
        if (!isGuess) await this.catchUp();
        const before = this.#seq;
        const write = await (isGuess ? guess(decide) : decide());
        if (write === undefined && isGuess) continue;
        if (write === undefined) return this.#seq;
        const seq = await this.#write(write, before);
        if (seq !== undefined) return seq;
      }
      throw unreachable();
    });
  }

  /** What this process wrote last is in its index as soon as it is confirmed. */
  isOwn(id: string): boolean {
    return this.#written?.id === id;
  }

  /** The row itself, with what the index leaves out. */
  async row(key: string): Promise<Fields | undefined> {
    const stored = await this.#client.last(this.#layout.directory, this.#layout.rowSubject(key));
    return stored === undefined || stored.isDeleted ? undefined : fieldsOf(stored.data);
  }

  async #write({ key, row }: RowWrite, expected: number): Promise<number | undefined> {
    const { directory, rowSubject } = this.#layout;
    const written: { readonly id: string; seq?: number } = { id: this.#client.newId() };
    this.#written = written;
    const data = row === undefined ? new Uint8Array() : encodeCbor(row);
    const place = { subject: rowSubject(key), id: written.id, data, isDeleted: row === undefined };
    const outcome = await this.#client.publish({ stream: directory, ...place, expect: { ofStream: expected } });
    if (outcome.kind === 'done' && outcome.seq === expected + 1 && this.#seq === expected) {
      this.#apply({ ...place, seq: outcome.seq, meta: new Uint8Array() });
      return outcome.seq;
    }
    await this.catchUp();
    // Refused, and there is nothing newer: its last row was removed.
    if (outcome.kind === 'overtaken' && this.#seq === expected) await this.load();
    return outcome.kind === 'done' ? outcome.seq : written.seq;
  }

  async #read(): Promise<void> {
    const { directory, everyRow } = this.#layout;
    for await (const stored of this.#client.readAll({ stream: directory, subject: everyRow, from: this.#seq + 1 }))
      this.#apply(stored);
  }

  #apply(stored: Stored): void {
    // What came twice, over two readings, is the same.
    if (stored.seq <= this.#seq) return;
    const key = stored.subject.slice(this.#layout.everyRow.length - 1);
    if (stored.isDeleted) this.#index.delete(key);
    else this.#index.set(key, fieldsOf(stored.data), stored.seq);
    this.#seq = stored.seq;
    if (this.#written?.id === stored.id) this.#written.seq = stored.seq;
  }
}

/** By what may be old: a refusal says nothing then. */
async function guess(
  decide: () => Promise<RowWrite | undefined> | RowWrite | undefined,
): Promise<RowWrite | undefined> {
  try {
    return await decide();
  } catch {
    return undefined;
  }
}
