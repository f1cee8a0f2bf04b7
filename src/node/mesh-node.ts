import {
  type Clock,
  codeOf,
  defaultLimits,
  type EventStream,
  type Limits,
  type Logger,
  MeshError,
  type Random,
  systemClock,
  systemRandom,
} from '#kernel';
import type { Operations } from '#api';
import { makeCheckpoint } from '#audit';
import type { MeshStore } from '#pipeline';
import type { Connection } from '#link';
import type { HubAddress } from '#protocol';
import { agentCards } from './agent-files.ts';
import type { AgentDisk } from './agent-disk.ts';
import type { LinkDesk } from './link-desk.ts';
import { lockStateDir, openSqliteStore, type SqliteStoreOptions, type StateLock } from '#storage';
import type { Runtime } from '#runtime';
import type { AgentHost } from './agent-host.ts';
import { type Composed, compose } from './compose.ts';
import type { NodeEvent } from './node-event.ts';
import { defaultApiPort, type NodeConfig } from './config.ts';
import { endpointsOf } from './endpoints.ts';
import type { LanPorts } from './lan-desk.ts';
import { type Listening, startListeners } from './listeners.ts';
import { createOperations } from './create-operations.ts';
import type { OpenRelay } from './node-relay.ts';
import { type NodeParts, hostNamed } from './parts.ts';
import { capabilitiesOf } from './relay.ts';
import { takeOver } from './recovery/revive.ts';
import { apiToken, removeRunning, writeRunning } from './running-file.ts';
import type { StateDir } from './state-dir.ts';
import { sweep } from './sweeper.ts';

export interface NodeOptions {
  readonly state: StateDir;
  readonly config: NodeConfig;
  readonly logger: Logger;
  readonly passphrase?: string | undefined;
  readonly runtimes?: Readonly<Record<string, Runtime>> | undefined;
  /** False for an agent that nobody calls: no socket listens, and there is no local API. */
  readonly listens?: boolean | undefined;
  /** False for an agent inside a program that needs no local API. */
  readonly withApi?: boolean | undefined;
  readonly clock?: Clock | undefined;
  readonly random?: Random | undefined;
  readonly limits?: Limits | undefined;
  /** Speak for the agents again although a later life took their place: this one becomes the latest. */
  readonly takeOver?: boolean | undefined;
  /** Versions of the link protocol; all that are known without it. */
  readonly linkVersions?: readonly number[] | undefined;
  /** Instead of mDNS, by which nodes of the local network find each other. */
  readonly lan?: LanPorts | undefined;
  /** Where keys and cards lie; the file system without it. */
  readonly disk?: AgentDisk | undefined;
  /** A way to a hub that is no socket; undefined for hubs that have none. */
  readonly connectHub?: ((address: HubAddress) => Promise<Connection | undefined>) | undefined;
  /** Called when the folder is this node's, before anything in it is opened. */
  readonly prepare?: (() => Promise<void>) | undefined;
  /** Needed by a node that is a relay. */
  readonly openRelay?: OpenRelay | undefined;
  /** Instead of the usual database; it is closed with the node. */
  readonly openStore?: ((options: SqliteStoreOptions) => Promise<MeshStore>) | undefined;
}

/** The daemon: one process on one state folder, with its agents, links, listeners and local API. */
export class MeshNode implements AsyncDisposable {
  readonly parts: NodeParts;
  readonly operations: Operations;
  readonly events: EventStream<NodeEvent>;
  /** Resolves when somebody asked the node to stop, or with why it cannot go on. */
  readonly stopRequested: Promise<MeshError | undefined>;
  readonly #composed: Composed;
  readonly #lock: StateLock;
  readonly #options: NodeOptions;
  /** What no message may carry away. */
  readonly #secrets: string[];
  readonly #sweeping = new AbortController();
  #listening: Listening | undefined;
  #sweep: Promise<void> | undefined;
  #stopped: Promise<void> | undefined;

  private constructor(made: {
    composed: Composed;
    lock: StateLock;
    options: NodeOptions;
    stopRequested: Promise<MeshError | undefined>;
    readonly secrets: string[];
  }) {
    this.#composed = made.composed;
    this.#lock = made.lock;
    this.#options = made.options;
    this.#secrets = made.secrets;
    this.stopRequested = made.stopRequested;
    this.events = made.composed.events;
    const startedAt = made.composed.parts.clock.now();
    this.parts = {
      ...made.composed.parts,
      running: { startedAt, listen: () => this.#listening?.publicAddress, api: () => this.#listening?.apiAddress },
    };
    this.operations = createOperations(this.parts);
  }

  /** Locks the folder, opens the database, loads the keys, listens, and goes on with what was under way. */
  static async start(options: NodeOptions): Promise<MeshNode> {
    const lock = await lockStateDir(options.state.path);
    try {
      await options.prepare?.();
      return await MeshNode.#open(options, lock);
    } catch (error) {
      lock.release();
      throw error;
    }
  }

  /** What was opened before something failed is closed again: the folder is as free as before. */
  static async #open(options: NodeOptions, lock: StateLock): Promise<MeshNode> {
    const stop = Promise.withResolvers<MeshError | undefined>();
    const { openStore = openSqliteStore } = options;
    const store = await openStore({
      path: options.state.database,
      clock: options.clock ?? systemClock,
      logger: options.logger,
      limits: options.limits ?? defaultLimits,
      onBroken: (error) => {
        options.logger.error('store.broken', { code: error.code, error: error.message });
        stop.resolve(error);
      },
    });
    let node: MeshNode | undefined;
    const secrets: string[] = [];
    try {
      if (options.takeOver === true) await takeOverFolder(options, store);
      const composed = await compose({
        secrets: () => secrets,
        ...options,
        store,
        requestStop: () => stop.resolve(undefined),
        fail: stop.resolve,
      });
      bypassSockets(composed.links, options.connectHub);
      node = new MeshNode({ composed, lock, options, secrets, stopRequested: stop.promise });
      await node.#begin();
      return node;
    } catch (error) {
      await (node === undefined ? store.close() : node.stop());
      throw error;
    }
  }

  get listening(): Listening {
    if (this.#listening === undefined) throw new MeshError('SHUTTING_DOWN');
    return this.#listening;
  }

  /** Stops taking work, lets handlers end, closes links, and closes the database. What is queued stays queued. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #begin(): Promise<void> {
    const { listens = true, config } = this.#options;
    const { parts } = this.#composed;
    await parts.store.transact((tx) => tx.inbox.releaseAll());
    await parts.relay?.start();
    const ready = Promise.withResolvers<void>();
    const endpoints = listens ? await this.#listen(ready.promise) : [];
    for (const host of parts.hosts.values()) {
      const former = host.agent.card().endpoints.filter((endpoint) => !endpoints.includes(endpoint));
      await host.renewDevice();
      const capabilities = capabilitiesOf(host.agent, { config, relay: parts.relay, endpoints });
      await host.agent.publish({ endpoints: [...endpoints], capabilities });
      host.start();
      if (host.agent.incarnation !== undefined) void this.#callFormer(host, former);
    }
    ready.resolve();
    if (this.#listening !== undefined) await parts.lan.begin(this.#listening.publicAddress);
    this.#sweep = sweep(this.parts, this.#sweeping.signal);
    await this.#tellStarted();
  }

  /** Where others reach the agents of this node. */
  async #listen(ready: Promise<void>): Promise<readonly string[]> {
    const { config, withApi = true } = this.#options;
    const { links, events } = this.#composed;
    const { host, port } = config;
    const where = { parts: this.parts, links, events, operations: this.operations, host, port, ready };
    const api = withApi ? { api: await this.#api() } : {};
    this.#listening = await startListeners({ ...where, ...api });
    return endpointsOf(config, this.#listening.publicAddress);
  }

  async #tellStarted(): Promise<void> {
    const { parts } = this.#composed;
    const { publicAddress, apiAddress } = this.#listening ?? {};
    const agents = [...parts.hosts.keys()];
    parts.logger.info('node.started', { ...publicAddress, apiPort: apiAddress?.port, agents });
    if (apiAddress === undefined) return;
    await writeRunning(this.#options.state, { api: apiAddress, startedAt: parts.clock.now() });
  }

  /** The machine that the agent was taken from may still run where it was: it hears that this one took its place (spec 6.9). */
  async #callFormer(host: AgentHost, endpoints: readonly string[]): Promise<void> {
    const { parts } = this.#composed;
    for (const endpoint of endpoints) {
      const outcome = await parts.callOwn(host, endpoint, this.#sweeping.signal).then(() => 'OK', codeOf);
      parts.logger.info('former-address.called', { agent: host.agent.name, endpoint, outcome });
    }
  }

  async #api() {
    const { state, config } = this.#options;
    const { apiPort: port = defaultApiPort } = config;
    const token = await apiToken(state);
    this.#secrets.push(token);
    return { port, exact: config.apiPort !== undefined, token };
  }

  async #stop(): Promise<void> {
    const { parts, events } = this.#composed;
    events.emit({ type: 'stopping' });
    this.#sweeping.abort();
    await parts.lan.end();
    await this.#listening?.stopAccepting();
    await Promise.all([...parts.hosts.values()].map((host) => host.stop(parts.limits)));
    await this.#checkpoint();
    await this.#sweep;
    await parts.relay?.stop();
    await this.#listening?.close();
    events.close();
    await parts.store.close();
    removeRunning(this.#options.state);
    this.#lock.release();
  }

  /**
   * The audit log ends with a signature, so that cutting off its tail shows, and the time that the node ran is noted. A full disk must not
   * keep the node from stopping.
   */
  async #checkpoint(): Promise<void> {
    const { store, clock, logger } = this.#composed.parts;
    const { agent } = hostNamed(this.#composed.parts, undefined);
    try {
      await store.transact((tx) => {
        makeCheckpoint(tx.audit, { at: clock.now(), agent: agent.name, root: agent.root });
        tx.history.mark();
      });
    } catch (error) {
      logger.warn('checkpoint.failed', { error: String(error) });
    }
  }
}

function takeOverFolder(
  { state, clock = systemClock, random = systemRandom }: NodeOptions,
  store: MeshStore,
): Promise<void> {
  const agents = agentCards(state).map(({ card }) => card.name);
  return takeOver(store, { agents, clock, random });
}

function bypassSockets(links: LinkDesk, connectHub: NodeOptions['connectHub']): void {
  if (connectHub === undefined) return;
  const bySocket = links.connectHub.bind(links);
  links.connectHub = async (address, how) => (await connectHub(address)) ?? bySocket(address, how);
}
