import { encodeCbor, Serial } from '#kernel';
import { fieldsOf, int, isFields, type Fields } from './fields.ts';
import type { NatsClient } from './nats-client.ts';
import { StaleState, unreachable } from './nats-errors.ts';
import type { Stored } from './stored.ts';

export interface LogRecord {
  readonly seq: number;
  /** No other record has it. */
  readonly id: string;
  readonly meta: Fields;
  /** Nothing where only headers were read. */
  readonly data: Uint8Array;
}

/** The new record. */
export type Appended = Pick<LogRecord, 'seq' | 'id'>;

export interface LogPlace {
  readonly stream: string;
  readonly subject: string;
  readonly headersOnly?: boolean;
  /** How many copies the stream has. */
  readonly replicas: number;
}

const maxAttempts = 200;

/**
 * The messages of one subject as a log that several processes append to, each only behind everything that it has seen. JetStream is asked to
 * refuse a write behind something newer; with several replicas, servers before 2.11 accept two writes that expect the same last sequence
 * when they come at the same moment. So each record names the valid one before it: the first that names it counts, others are void for
 * every reader. On one server the confirmation says it; with replicas the writer reads back whether its record is the valid one.
 */
export class SubjectLog {
  /** For whoever decides by what the log says and then appends. */
  readonly serial = new Serial();
  readonly #client: NatsClient;
  readonly #place: LogPlace;
  readonly #take: (record: LogRecord) => void;
  readonly #generation: number;
  /** Sequence of the last message, void or not, and of the last valid record. */
  #last = 0;
  #valid = 0;
  #awaited: { readonly id: string; seq?: number } | undefined;
  readonly #garbled = new Set<number>();

  constructor(client: NatsClient, place: LogPlace, take: (record: LogRecord) => void) {
    this.#client = client;
    this.#place = place;
    this.#take = take;
    this.#generation = client.generation;
  }

  /** Of the last valid record. */
  get end(): number {
    return this.#valid;
  }

  /** Everything up to that sequence is known to have been valid, and may be gone. */
  startBehind(seq: number): void {
    this.#valid = Math.max(this.#valid, seq);
  }

  /** Takes what is new. True when there was something. */
  async refresh(): Promise<boolean> {
    const before = this.#valid;
    const { stream, subject, headersOnly = false } = this.#place;
    for await (const message of this.#client.readAll({ stream, subject, headersOnly, from: this.#last + 1 }))
      this.#accept(message);
    this.#check();
    return this.#valid > before;
  }

  /** Undefined when something else came first: then everything is to be decided anew. */
  async append(meta: Fields, data: Uint8Array): Promise<Appended | undefined> {
    const { stream, subject, replicas } = this.#place;
    const id = this.#client.newId();
    const header = encodeCbor({ before: this.#valid, meta });
    const expect = { ofSubject: this.#last };
    const written = await this.#client.publish({ stream, subject, id, meta: header, data, expect });
    this.#check();
    if (written.kind === 'done' && written.isSure && replicas === 1) {
      this.#last = written.seq;
      this.#valid = written.seq;
      this.#take({ seq: written.seq, id, meta, data });
      return { seq: written.seq, id };
    }
    const seq = await this.#readBack(id);
    return seq === undefined ? undefined : { seq, id };
  }

  /**
   * Removes messages that say nothing: they take up room, and nobody else would. One that is the last of the subject stays until something
   * comes behind it: without it, nats-server 2.9 does not know where the subject ends.
   */
  async removeGarbled(): Promise<void> {
    for (const seq of this.#garbled) {
      if (seq >= this.#last) continue;
      await this.#client.remove(this.#place.stream, seq);
      this.#garbled.delete(seq);
    }
  }

  /** Decides until nothing comes in between. */
  async decide<T>(step: () => Promise<{ readonly done: T } | undefined>): Promise<T> {
    for (let attempt = 0; attempt < maxAttempts; attempt += 1) {
      const outcome = await step();
      if (outcome !== undefined) return outcome.done;
    }
    throw unreachable();
  }

  async #readBack(id: string): Promise<number | undefined> {
    const awaited: { readonly id: string; seq?: number } = { id };
    this.#awaited = awaited;
    const last = this.#last;
    await this.refresh();
    this.#awaited = undefined;
    // Refused and nothing newer: the end of the subject was removed.
    if (this.#last === last) this.#last = (await this.#client.last(this.#place.stream, this.#place.subject))?.seq ?? 0;
    // What was valid is not there: the subject was emptied as a whole.
    if (this.#last < last && this.#last < this.#valid) throw new StaleState();
    this.#check();
    return awaited.seq;
  }

  #accept({ seq, id, meta, data }: Stored): void {
    this.#last = seq;
    const header = headerIn(meta);
    if (header === undefined) {
      this.#garbled.add(seq);
      this.#client.tellDamage(this.#place.stream, seq, 'a message that no hub wrote');
      return;
    }
    if (header.before < this.#valid) return;
    this.#valid = seq;
    if (this.#awaited?.id === id) this.#awaited.seq = seq;
    this.#take({ seq, id, meta: header.meta, data });
  }

  /** What was read over an earlier connection may not be there any more. */
  #check(): void {
    if (this.#client.generation !== this.#generation) throw new StaleState();
  }
}

/** Undefined for what was not written by a hub, such as a message that lost its header in a crash of the servers. */
function headerIn(bytes: Uint8Array): { readonly before: number; readonly meta: Fields } | undefined {
  try {
    const fields = fieldsOf(bytes);
    const { meta } = fields;
    return { before: int(fields, 'before'), meta: isFields(meta) ? meta : {} };
  } catch {
    return undefined;
  }
}
