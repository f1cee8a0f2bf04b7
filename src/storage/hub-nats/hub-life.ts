import { MeshError } from '#kernel';
import { Directory } from './directory.ts';
import type { HubCore } from './hub-core.ts';
import { HubIndex } from './hub-index.ts';
import type { Layout } from './layout.ts';
import type { NatsClient } from './nats-client.ts';
import { StaleState, toHubStoreError, unreachable } from './nats-errors.ts';
import { epochFields } from './rows.ts';
import { idIn } from './stored.ts';

const epochBytes = 16;
/** Epochs that are remembered; places of earlier ones begin at the beginning. */
const maxEpochs = 200;
const maxRuns = 10;

interface Known {
  readonly directory: Directory;
  readonly index: HubIndex;
}

interface LifeOptions {
  readonly client: NatsClient;
  readonly layout: Layout;
  readonly replicas: number;
  /** Everything that was read is forgotten. */
  readonly onReset: () => void;
  readonly onArrival: (owner: string) => void;
}

/**
 * What this process knows, from one connection to the next. A cluster that lost its power may come back without what it had confirmed last,
 * and its sequences begin again behind what is left: after every connection everything is read anew, and a new epoch begins before anything
 * else is done, so that nobody takes the place of a lost frame for that of a new one.
 */
export class HubLife {
  readonly #options: LifeOptions;
  #known: Known;
  #ready: Promise<void>;
  #isReady = false;
  /** While there is no connection. */
  #found: PromiseWithResolvers<void> | undefined;
  #isClosed = false;

  constructor(options: LifeOptions) {
    this.#options = options;
    this.#known = this.#unknown();
    this.#ready = this.#begin();
    this.#ready.catch(() => {});
  }

  get core(): HubCore {
    const { client, layout, replicas } = this.#options;
    return {
      client,
      layout,
      replicas,
      directory: () => this.#known.directory,
      index: () => this.#known.index,
      run: (step) => this.#run(step),
      beginEpoch: () => this.#beginEpoch(),
    };
  }

  /** Resolves when the store can be used. */
  async start(): Promise<void> {
    await this.#ready;
    const { client, layout, onArrival } = this.#options;
    client.connection.subscribe(layout.everyRow, {
      // What fails here is read by whoever needs it.
      callback: (_error, message) => {
        const { directory } = this.#known;
        if (!directory.isOwn(idIn(message.headers))) directory.catchUp().catch(ignore);
      },
    });
    client.connection.subscribe(layout.arrivalSubject, {
      callback: (error, message) => {
        if (error === null) onArrival(message.string());
      },
    });
    void this.#watch().catch(ignore);
  }

  close(): void {
    this.#isClosed = true;
    this.#found?.resolve();
  }

  async #watch(): Promise<void> {
    for await (const { type } of this.#options.client.connection.status()) {
      if (type === 'disconnect') this.#lose();
      if (type === 'reconnect' && !this.#isClosed) this.#find();
    }
  }

  /** Nothing is answered from memory any more. */
  #lose(): void {
    this.#options.client.generation += 1;
    this.#isReady = false;
    this.#found ??= Promise.withResolvers();
    this.#found.promise.catch(ignore);
    this.#ready = this.#found.promise;
  }

  #find(): void {
    // Not before everything that is on its way sees that it is another connection.
    this.#options.client.generation += 1;
    this.#isReady = false;
    this.#options.onReset();
    this.#known = this.#unknown();
    this.#ready = this.#begin();
    this.#ready.catch(ignore);
    this.#found?.resolve(this.#ready);
    this.#found = undefined;
  }

  async #run<T>(step: () => Promise<T>): Promise<T> {
    const { client } = this.#options;
    for (let runs = 0; ; runs += 1) {
      if (this.#isClosed) throw new MeshError('SHUTTING_DOWN');
      await this.#becomeReady();
      const { generation } = client;
      try {
        return await step();
      } catch (error) {
        const isStale = error instanceof StaleState || generation !== client.generation;
        if (!isStale || isRefusal(error) || runs >= maxRuns) throw toHubStoreError(error);
        if (generation === client.generation) await this.#known.directory.catchUp();
      }
    }
  }

  /** Waits for a connection as long as a step may take. */
  async #becomeReady(): Promise<void> {
    if (this.#isReady) return;
    const { clock, retryMs } = this.#options.client.ports;
    const over = new AbortController();
    const late = clock.sleep(retryMs, { signal: over.signal }).then(() => {
      throw unreachable();
    });
    try {
      await Promise.race([this.#tryReady(), late]);
    } finally {
      over.abort();
    }
    if (this.#isClosed) throw new MeshError('SHUTTING_DOWN');
  }

  async #tryReady(): Promise<void> {
    const ready = this.#ready;
    try {
      await ready;
    } catch {
      // The next that comes tries it again.
      if (this.#ready === ready) this.#ready = this.#begin();
      await this.#ready;
    }
  }

  async #begin(): Promise<void> {
    const { client } = this.#options;
    const { generation } = client;
    await this.#known.directory.load();
    await this.#beginEpoch();
    if (generation === client.generation) this.#isReady = true;
  }

  /** Where its places begin is read before it is written: frames between are seen twice, and none is missed. */
  async #beginEpoch(): Promise<void> {
    const { client, layout } = this.#options;
    const { directory, index } = this.#known;
    const streams = Array.from({ length: layout.shards }, (_, shard) => layout.mailStream(shard));
    const id = client.ports.random.bytes(epochBytes);
    const key = `epoch.${client.newId()}`;
    await directory.commit(async () => {
      const starts = await Promise.all(streams.map(async (stream) => (await client.lastSeq(stream)) + 1));
      return { key, row: epochFields(id, starts) };
    });
    while (index.epochs.length > maxEpochs) {
      const [oldest] = index.epochs;
      if (oldest === undefined) return;
      await directory.commit(() => (index.epochs[0] === oldest ? { key: oldest.key, row: undefined } : undefined));
    }
  }

  #unknown(): Known {
    const { client, layout } = this.#options;
    const index = new HubIndex();
    return { index, directory: new Directory(client, layout, index) };
  }
}

/** It says something about what was asked, not about the connection. */
const isRefusal = (error: unknown): boolean => error instanceof MeshError && error.code !== 'HUB_STORE_UNREACHABLE';
const ignore = (): void => {};
