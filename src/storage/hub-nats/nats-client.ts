import type { ConnectionOptions, MsgHdrs, NatsConnection } from '@nats-io/transport-node';
import type { ConsumerConfig, ConsumerInfo, JetStreamClient, JetStreamManager, StoredMsg } from '@nats-io/jetstream';
import { backoffMs, type Clock, type Logger, MeshError, type Random, toHex } from '#kernel';
import { isAbsent, isDeleted, isOvertaken, isPassing, toHubStoreError, unreachable } from './nats-errors.ts';
import { headersOf, type Marks, type Stored, storedOf } from './stored.ts';

const requestMs = 2000;
/** Of three servers, one is missed so often once in two thousand times. */
const maxDraws = 20;
/** As long as a consumer takes to be made. */
const singlyFirst = 64;
const singlyAfterFailure = 1000;
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

export interface Write extends Marks {
  readonly stream: string;
  readonly subject: string;
  readonly data?: Uint8Array;
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
 * so that JetStream keeps one of several attempts. What a stream holds is what its leader holds: replicas lag, and those of older servers
 * may hold something else under a sequence (docs/hub.md).
 */
export class NatsClient {
  readonly ports: NatsPorts;
  readonly connection: NatsConnection;
  readonly manager: JetStreamManager;
  readonly #stream: JetStreamClient;
  readonly #headers: () => MsgHdrs;
  /** Counts connections: what was read over an earlier one may be gone. */
  generation = 1;
  /** Records that were not what was written, since the start. */
  #damaged = 0;
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

  /** Counts it where whoever runs the hub sees it. */
  tellDamage(stream: string, seq: number, what: string): void {
    this.#damaged += 1;
    this.ports.logger.warn('JetStream lost or changed what it had confirmed', {
      stream,
      seq,
      what,
      sinceStart: this.#damaged,
    });
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
        const options = {
          msgID: write.id,
          headers: headersOf(write, this.#headers()),
          expect,
          timeout: requestMs,
          retries: 1,
        };
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

  /** Any replica may answer if it has what was meant, and the leader else. Undefined when that has it not. */
  async at(stream: string, seq: number, isMeant: (found: Stored) => boolean): Promise<Stored | undefined> {
    const near = await this.#get(() => this.manager.direct.getMessage(stream, { seq }));
    if (near !== undefined && isMeant(near)) return near;
    const found = await this.#get(() => this.manager.streams.getMessage(stream, { seq }));
    return found !== undefined && isMeant(found) ? found : undefined;
  }

  /**
   * Everything of the subject from a sequence on, in order, up to what the leader has when the last one was read. The first ones one by one,
   * more through a consumer beside the leader, which lives as long as they come; where none can be had, one by one for a while.
   */
  async *readAll(read: ReadAll): AsyncGenerator<Stored> {
    let { from } = read;
    for (let singly = singlyFirst; ; singly -= 1) {
      if (singly === 0) {
        singly = singlyAfterFailure;
        for await (const message of this.#consume({ ...read, from })) {
          singly = singlyFirst;
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
    const made = await this.#consumerAtLeader(stream, {
      ack_policy: 'none',
      deliver_policy: 'by_start_sequence',
      opt_start_seq: Math.max(1, from),
      filter_subject: subject,
      headers_only: headersOnly,
      mem_storage: true,
      num_replicas: 1,
      inactive_threshold: 30e9,
    });
    if (made === undefined) return;
    try {
      const consumer = await this.#stream.consumers.get(stream, made.name);
      for (let left = made.num_pending; left > 0;) {
        const batch = await consumer.fetch({ max_messages: Math.min(left, 500), expires: 2000 });
        let came = 0;
        for await (const message of batch) {
          came += 1;
          left = message.info.pending;
          const { headers: header, seq, data } = message;
          yield storedOf({ header, seq, data, subject: message.subject });
        }
        if (came === 0) return;
      }
    } catch {
      // Its server is gone. The rest is read in another way, which says what is wrong.
    } finally {
      await this.#removeConsumer(made);
    }
  }

  /**
   * It reads what its server holds, and which one that is JetStream draws by lot: also one that is down, and then nobody answers. Undefined
   * after bad luck.
   */
  async #consumerAtLeader(stream: string, config: Partial<ConsumerConfig>): Promise<ConsumerInfo | undefined> {
    const { cluster } = await this.retried(() => this.manager.streams.info(stream));
    try {
      for (let draw = 0; draw < maxDraws; draw += 1) {
        const made = await this.manager.consumers.add(stream, config);
        if (made.cluster?.leader === cluster?.leader) return made;
        await this.#removeConsumer(made);
      }
    } catch (error) {
      if (!isPassing(error)) throw toHubStoreError(error);
    }
    return undefined;
  }

  /** One that stays ends by itself. */
  async #removeConsumer({ stream_name, name }: ConsumerInfo): Promise<void> {
    await this.manager.consumers.delete(stream_name, name).catch(() => false);
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
    return message === null ? undefined : storedOf(message);
  }
}

interface Parts {
  readonly connection: NatsConnection;
  readonly manager: JetStreamManager;
  readonly stream: JetStreamClient;
  readonly headers: () => MsgHdrs;
}

function expectation({ expect }: Write): { lastSubjectSequence?: number; lastSequence?: number } {
  if (expect === undefined) return {};
  return 'ofSubject' in expect ? { lastSubjectSequence: expect.ofSubject } : { lastSequence: expect.ofStream };
}
