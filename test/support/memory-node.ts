import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type Clock,
  defaultLimits,
  type Limits,
  type Logger,
  MeshError,
  silentLogger,
  systemClock,
  systemRandom,
} from '#kernel';
import { createFirstAgent, defaultConfig, type NodeConfig, stateDir } from '#node';
import type { Runtime } from '#runtime';
import { blobFilesIn, openSqliteStore } from '#storage';
import type { AgentHost } from '../../src/node/agent-host.ts';
import { type Composed, compose } from '../../src/node/compose.ts';
import { createOperations } from '../../src/node/create-operations.ts';
import { capabilitiesOf } from '../../src/node/relay.ts';
import { sweep } from '../../src/node/sweeper.ts';
import { FaultyStore } from './faulty-store.ts';
import { MortalBlobs } from './mortal-blobs.ts';
import { impatient } from './story.ts';
import type { Connection, LinkSelf } from '#link';
import { openTestRelay } from './memory-relay.ts';
import type { HubAddress } from '#protocol';
import type { PostOffice } from './post-office.ts';
import type { TestHub } from './test-hub.ts';
import type { NodeLike } from './test-agents.ts';
import type { Wire } from './wire.ts';

export interface MemoryNodeOptions {
  readonly name: string;
  readonly wire: Wire;
  /** Keeps frames for it, and for those it writes to. */
  readonly postOffice?: PostOffice | undefined;
  /** Hubs that it can call, by their address. */
  readonly hubs?: readonly TestHub[] | undefined;
  readonly runtime?: Runtime;
  readonly limits?: Partial<Limits>;
  readonly clock?: Clock;
  readonly logger?: Logger;
  readonly config?: Partial<NodeConfig>;
  /** Versions of the link protocol that it speaks; all without it. */
  readonly linkVersions?: readonly number[];
  /** It keeps mailboxes for those whom it trusts, with this key. */
  readonly relay?: LinkSelf;
}

interface Life extends Composed {
  readonly api: NodeLike['api'];
  readonly store: FaultyStore;
  readonly blobs: MortalBlobs;
  readonly clock: MortalClock;
  readonly sweeping: AbortController;
}

/**
 * A node of one agent without sockets: its links run over the wire of the test, its commits through a store that fails on demand, and
 * it can crash at any moment and come back on the same database.
 */
export class MemoryNode implements NodeLike, AsyncDisposable {
  readonly name: string;
  readonly dir: string;
  runtime: Runtime | undefined;
  linkVersions: readonly number[] | undefined;
  readonly #options: MemoryNodeOptions;
  readonly #stores: FaultyStore[] = [];
  #life: Life | undefined;
  #isLookingAround = false;

  private constructor(options: MemoryNodeOptions) {
    this.name = options.name;
    this.runtime = options.runtime;
    this.linkVersions = options.linkVersions;
    this.dir = mkdtempSync(join(tmpdir(), `mesh-${options.name}-`));
    this.#options = options;
  }

  static async start(options: MemoryNodeOptions): Promise<MemoryNode> {
    const node = new MemoryNode(options);
    const { clock = systemClock } = options;
    const ports = { clock, random: systemRandom, limits: node.limits, force: false };
    await createFirstAgent(stateDir(node.dir), { name: options.name, endpoints: [] }, ports);
    await node.up();
    return node;
  }

  get limits(): Limits {
    return { ...defaultLimits, ...impatient, ...this.#options.limits };
  }

  get isUp(): boolean {
    return this.#life !== undefined;
  }

  get api(): NodeLike['api'] {
    return this.#alive.api;
  }

  get node(): Pick<Composed, 'events' | 'parts'> {
    return this.#alive;
  }

  /** Of this life, or of the one that ended last. */
  get store(): FaultyStore {
    const store = this.#stores.at(-1);
    if (store === undefined) throw new Error(`${this.name} never was up`);
    return store;
  }

  /** Sealed bytes of files. */
  get blobs(): MortalBlobs {
    return this.#alive.blobs;
  }

  get host(): AgentHost {
    const host = this.#alive.parts.hosts.get(this.name);
    if (host === undefined) throw new Error(`${this.name} is not there`);
    return host;
  }

  get agentId() {
    return this.host.agent.agentId;
  }

  async up(): Promise<void> {
    const { name, clock: time = systemClock, logger = silentLogger } = this.#options;
    const clock = new MortalClock(time);
    const state = stateDir(this.dir);
    const inner = await openSqliteStore({ path: state.database, clock, limits: this.limits, logger });
    const store = new FaultyStore(inner, () => this.crash());
    this.#stores.push(store);
    const { runtime, limits, linkVersions } = this;
    const { config, relay } = this.#options;
    const blobs = new MortalBlobs(blobFilesIn(join(state.files, name)));
    const composed = await compose({
      state,
      config: { ...defaultConfig, ...config, relay: relay !== undefined },
      openRelay: relay && ((how) => openTestRelay(how, relay)),
      store,
      blobFiles: () => blobs,
      linkVersions,
      logger,
      clock,
      limits,
      requestStop: () => {},
      ...(runtime === undefined ? {} : { runtimes: { [name]: runtime } }),
    });
    const { parts, links } = composed;
    links.connectLocal = (peer) => this.#options.wire.connect(name, peer);
    const { postOffice, hubs = [] } = this.#options;
    links.connectHub = async (address) =>
      hubs.some(({ self }) => self.agentId === address.hub)
        ? connectTo(hubs, name, address)
        : this.#options.wire.connect(name, address.hub);
    const sweeping = new AbortController();
    this.#life = { ...composed, store, blobs, clock, sweeping, api: createOperations(parts) };
    await store.transact((tx) => tx.inbox.releaseAll());
    const mailboxes = postOffice === undefined ? this.host.hubs.mailboxes : [postOffice.address];
    await parts.relay?.start();
    const endpoints = [`http://${name}.test`];
    const capabilities = capabilitiesOf(this.host.agent, { config: parts.config, relay: parts.relay, endpoints });
    await this.host.agent.publish({ endpoints, capabilities, mailboxes: [...mailboxes] });
    this.#options.wire.join({
      name,
      lives: (agentId) => [this.host.agent.agentId, ...this.host.agent.formerIds, relay?.agentId].includes(agentId),
      accept: (connection) => void links.listener.accept(connection),
    });
    if (postOffice !== undefined) postOffice.serve(this.host);
    this.host.start();
    postOffice?.open(this.host);
    void sweep({ ...parts, clock: this.#rounds(clock) }, sweeping.signal);
  }

  /** It sleeps between the rounds in which the node looks around. */
  #rounds(clock: Clock): Clock {
    return {
      now: () => clock.now(),
      monotonic: () => clock.monotonic(),
      turn: () => clock.turn(),
      alarm: (ms, ring) => clock.alarm(ms, ring),
      sleep: async (ms, options) => {
        this.#isLookingAround = false;
        await clock.sleep(ms, options);
        this.#isLookingAround = true;
      },
    };
  }

  /** Something is being written, or a round of looking around has not come to its end. */
  get isBusy(): boolean {
    return this.isUp && (this.store.isBusy || this.#isLookingAround);
  }

  /** Ends in good order. */
  async down(): Promise<void> {
    const life = this.#life;
    if (life === undefined) return;
    this.#options.wire.leave(this.name);
    life.sweeping.abort();
    this.#options.postOffice?.leave(this.host);
    await this.host.stop(this.limits);
    await life.parts.relay?.stop();
    await life.links.listener.close();
    life.events.close();
    await life.store.close();
    this.#life = undefined;
  }

  /** Ends as by SIGKILL: nothing that is under way goes on, and nothing that is not committed was ever there. */
  crash(): void {
    const life = this.#life;
    if (life === undefined) return;
    this.#options.postOffice?.leave(this.host);
    this.#life = undefined;
    life.store.die();
    life.blobs.die();
    life.clock.die();
    this.#options.wire.vanish(this.name);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.store.heal();
    this.store.release();
    await this.down();
    for (const store of this.#stores) await store.close();
    rmSync(this.dir, { recursive: true, force: true });
  }

  get #alive(): Life {
    if (this.#life === undefined) throw new MeshError('NODE_NOT_RUNNING', `${this.name} is down`);
    return this.#life;
  }
}

function connectTo(hubs: readonly TestHub[], name: string, { base }: HubAddress): Connection {
  const hub = hubs.find((one) => one.base === base);
  if (hub === undefined) throw new MeshError('UNREACHABLE', `Nothing listens at ${base}`);
  return hub.connect(name);
}

/** The time of one process: when it dies, nobody who sleeps in it wakes. */
class MortalClock implements Clock {
  readonly #time: Clock;
  readonly #death = new AbortController();

  constructor(time: Clock) {
    this.#time = time;
  }

  now(): number {
    return this.#time.now();
  }

  monotonic(): number {
    return this.#time.monotonic();
  }

  sleep(ms: number, options: { readonly signal?: AbortSignal | undefined } = {}): Promise<void> {
    const { signal } = options;
    const death = this.#death.signal;
    const either = signal === undefined ? death : AbortSignal.any([signal, death]);
    return new Promise((resolve, reject) => {
      this.#time.sleep(ms, { signal: either }).then(
        () => death.aborted || resolve(),
        (error: unknown) => death.aborted || reject(error as Error),
      );
    });
  }

  alarm(ms: number, ring: () => void): Disposable {
    return this.#time.alarm(ms, () => {
      if (!this.#death.signal.aborted) ring();
    });
  }

  turn(): Promise<void> {
    return new Promise((resolve) => {
      void this.#time.turn().then(() => this.#death.signal.aborted || resolve());
    });
  }

  die(): void {
    this.#death.abort();
  }
}
