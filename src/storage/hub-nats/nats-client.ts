import type { ConnectionOptions, MsgHdrs, NatsConnection } from '@nats-io/transport-node';
import type { JetStreamClient, JetStreamManager, StoredMsg } from '@nats-io/jetstream';
import { backoffMs, type Clock, fromBase64url, type Logger, MeshError, type Random, toBase64url, toHex } from '#kernel';
import { isAbsent, isDeleted, isOvertaken, isPassing, toHubStoreError, unreachable } from './nats-errors.ts';

/** Header with what is known of a message without its body. */
const metaHeader = 'Mesh';
const idHeader = 'Nats-Msg-Id';
/** The sign of a deleted key in JetStream's layout of key-value buckets. */
const operationHeader = 'KV-Operation';
const requestMs = 2000;
/** A server that is cut off says nothing: two pings without an answer, and another server is tried, for ever. */
const patience = { maxReconnectAttempts: -1, reconnectTimeWait: 250, pingInterval: 2000, maxPingOut: 2, timeout: 5000 };
const retryBackoff = { firstMs: 25, maxMs: 1000 };

export interface NatsPorts {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** How long one step is tried. */
  readonly retryMs: number;
}

/** A message as JetStream keeps it. */
export interface Stored {
  readonly seq: number;
  readonly subject: string;
  readonly id: string;
  readonly meta: Uint8Array;
  readonly data: Uint8Array;
  readonly isDeleted: boolean;
}

export interface Write {
  readonly stream: string;
  readonly subject: string;
  readonly meta?: Uint8Array;
  readonly data?: Uint8Array;
  readonly isDeleted?: boolean;
  /** By which JetStream and readers know the same write again. */
  readonly id: string;
  /** The last sequence of the subject, or of the whole stream. */
  readonly expect?: { readonly ofSubject: number } | { readonly ofStream: number };
}

export type Written =
  /** `isSure` is false when it was sent more than once. */
  { readonly kind: 'done'; readonly seq: number; readonly isSure: boolean } | { readonly kind: 'overtaken' };

export interface ReadAll {
  readonly stream: string;
  readonly subject: string;
  readonly from: number;
  readonly headersOnly?: boolean;
}

/**
 * One connection to a server or cluster. Every step is repeated while the answer is that there is no leader, or none; a write carries an id,
 * so that JetStream keeps one of several attempts.
 */
export class NatsClient {
  readonly ports: NatsPorts;
  readonly connection: NatsConnection;
  readonly manager: JetStreamManager;
  readonly #stream: JetStreamClient;
  readonly #headers: () => MsgHdrs;
  /** Counts connections: what was read over an earlier one may be gone. */
  generation = 1;
  #isClosed = false;

  private constructor(parts: Parts, ports: NatsPorts) {
    this.ports = ports;
    this.connection = parts.connection;
    this.manager = parts.manager;
    this.#stream = parts.stream;
    this.#headers = parts.headers;
  }

  static async connect(options: ConnectionOptions, ports: NatsPorts): Promise<NatsClient> {
    // Only a hub that is told to use NATS loads the client.
    const { connect, headers } = await import('@nats-io/transport-node');
    const { jetstream, jetstreamManager } = await import('@nats-io/jetstream');
    const connection = await connect({ ...patience, ...options }).catch((cause) => {
      throw new MeshError('HUB_STORE_UNREACHABLE', `No NATS server answers at ${String(options.servers)}`, { cause });
    });
    const manager = await jetstreamManager(connection, { checkAPI: false, timeout: requestMs });
    return new NatsClient(
      { connection, manager, stream: jetstream(connection, { timeout: requestMs }), headers },
      ports,
    );
  }

  newId(): string {
    return toHex(this.ports.random.bytes(12));
  }

  async retried<T>(work: () => Promise<T>): Promise<T> {
    const { clock, random, retryMs } = this.ports;
    const until = clock.monotonic() + retryMs;
    for (let attempt = 0; ; attempt += 1) {
      if (this.#isClosed) throw new MeshError('SHUTTING_DOWN');
      try {
        return await work();
      } catch (error) {
        if (!isPassing(error)) throw isOvertaken(error) ? error : toHubStoreError(error);
        if (clock.monotonic() >= until || this.connection.isClosed()) throw unreachable(error);
        await clock.sleep(backoffMs(retryBackoff, attempt + 1, random));
      }
    }
  }

  async publish(write: Write): Promise<Written> {
    let attempts = 0;
    try {
      const ack = await this.retried(() => {
        attempts += 1;
        const expect = { streamName: write.stream, ...expectation(write) };
        const options = { msgID: write.id, headers: this.#headersOf(write), expect, timeout: requestMs, retries: 1 };
        return this.#stream.publish(write.subject, write.data ?? new Uint8Array(), options);
      });
      return { kind: 'done', seq: ack.seq, isSure: attempts === 1 && !ack.duplicate };
    } catch (error) {
      if (isOvertaken(error)) return { kind: 'overtaken' };
      throw error;
    }
  }

  /** The first message of the subject from a sequence on, as the leader of the stream knows it. */
  next(stream: string, subject: string, from: number): Promise<Stored | undefined> {
    // The stream API takes it from 2.9 on; the types of the client name it for direct reads only, which replicas that lag may answer.
    const query: { seq: number; next_by_subj: string } = { seq: Math.max(1, from), next_by_subj: subject };
    return this.#get(() => this.manager.streams.getMessage(stream, query));
  }

  last(stream: string, subject: string): Promise<Stored | undefined> {
    return this.#get(() => this.manager.streams.getMessage(stream, { last_by_subj: subject }));
  }

  /** What has that sequence never changes: any replica may answer, and the leader where one lags behind. */
  async at(stream: string, seq: number): Promise<Stored | undefined> {
    const near = await this.#get(() => this.manager.direct.getMessage(stream, { seq }));
    return near ?? (await this.#get(() => this.manager.streams.getMessage(stream, { seq })));
  }

  /**
   * Everything of the subject from a sequence on, in order, up to what the leader has when the last one was read. The first few one by one,
   * more through a consumer that lives as long as they come.
   */
  async *readAll(read: ReadAll): AsyncGenerator<Stored> {
    let { from } = read;
    for (let singly = 0; ; singly += 1) {
      if (singly === 4) {
        singly = 0;
        for await (const message of this.#consume({ ...read, from })) {
          from = message.seq + 1;
          yield message;
        }
      }
      const message = await this.next(read.stream, read.subject, from);
      if (message === undefined) return;
      from = message.seq + 1;
      yield message;
    }
  }

  /** Removes all messages of the subject, or those below a sequence. */
  async purge(stream: string, subject: string, below?: number): Promise<void> {
    // To JetStream below 1 is everything.
    if (below !== undefined && below <= 1) return;
    const options = { filter: subject, ...(below === undefined ? {} : { seq: below }) };
    await this.retried(() => this.manager.streams.purge(stream, options));
  }

  async remove(stream: string, seq: number): Promise<void> {
    await this.retried(async () => {
      try {
        await this.manager.streams.deleteMessage(stream, seq, false);
      } catch (error) {
        if (!isAbsent(error) && !isDeleted(error)) throw error;
      }
    });
  }

  async lastSeq(stream: string): Promise<number> {
    return (await this.retried(() => this.manager.streams.info(stream))).state.last_seq;
  }

  /** The subjects that have messages, and how many. */
  async subjects(stream: string, filter: string): Promise<Map<string, number>> {
    const info = await this.retried(() => this.manager.streams.info(stream, { subjects_filter: filter }));
    return new Map(Object.entries(info.state.subjects ?? {}));
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.connection.close();
  }

  async *#consume({ stream, subject, from, headersOnly = false }: ReadAll): AsyncGenerator<Stored> {
    const config = {
      ack_policy: 'none' as const,
      deliver_policy: 'by_start_sequence' as const,
      opt_start_seq: Math.max(1, from),
      filter_subject: subject,
      headers_only: headersOnly,
      mem_storage: true,
      num_replicas: 1,
      inactive_threshold: 30e9,
    };
    const made = await this.retried(() => this.manager.consumers.add(stream, config));
    try {
      const consumer = await this.retried(() => this.#stream.consumers.get(stream, made.name));
      for (let left = made.num_pending; left > 0;) {
        const batch = await this.retried(() => consumer.fetch({ max_messages: Math.min(left, 500), expires: 2000 }));
        let came = 0;
        for await (const message of batch) {
          came += 1;
          left = message.info.pending;
          yield this.#stored({
            ...message,
            header: message.headers,
            seq: message.seq,
            data: message.data,
            subject: message.subject,
          });
        }
        // The rest is read in another way.
        if (came === 0) return;
      }
    } finally {
      await this.manager.consumers.delete(stream, made.name).catch(() => false);
    }
  }

  async #get(work: () => Promise<StoredMsg | null>): Promise<Stored | undefined> {
    const message = await this.retried(async () => {
      try {
        return await work();
      } catch (error) {
        if (isAbsent(error)) return null;
        throw error;
      }
    });
    return message === null ? undefined : this.#stored(message);
  }

  #stored({ seq, subject, header, data }: RawMessage): Stored {
    const meta = header?.get(metaHeader) ?? '';
    return {
      seq,
      subject,
      id: header?.get(idHeader) ?? '',
      meta: meta === '' ? new Uint8Array() : fromBase64url(meta),
      // The client hands out Buffers, whose slices are no copies.
      data: new Uint8Array(data.buffer, data.byteOffset, data.length),
      isDeleted: (header?.get(operationHeader) ?? '') !== '',
    };
  }

  #headersOf({ meta, isDeleted = false }: Write): MsgHdrs {
    const made = this.#headers();
    if (meta !== undefined) made.set(metaHeader, toBase64url(meta));
    if (isDeleted) made.set(operationHeader, 'DEL');
    return made;
  }
}

interface Parts {
  readonly connection: NatsConnection;
  readonly manager: JetStreamManager;
  readonly stream: JetStreamClient;
  readonly headers: () => MsgHdrs;
}

type RawMessage = Pick<StoredMsg, 'seq' | 'subject' | 'data'> & {
  readonly header: StoredMsg['header'] | undefined;
};

function expectation({ expect }: Write): { lastSubjectSequence?: number; lastSequence?: number } {
  if (expect === undefined) return {};
  return 'ofSubject' in expect ? { lastSubjectSequence: expect.ofSubject } : { lastSequence: expect.ofStream };
}
