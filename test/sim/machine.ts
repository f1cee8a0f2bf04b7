import { MeshError } from '#kernel';
import type { AgentId } from '#identity';
import { defaultConfig, stateDir } from '#node';
import type { MeshTransaction } from '#pipeline';
import type { Runtime } from '#runtime';
import type { AgentHost } from '../../src/node/agent-host.ts';
import { type Composed, compose } from '../../src/node/compose.ts';
import { createOperations } from '../../src/node/create-operations.ts';
import type { NodeEvent } from '../../src/node/node-event.ts';
import { sweep } from '../../src/node/sweeper.ts';
import { SqliteMeshStore } from '../../src/storage/sqlite/mesh-store.ts';
import { migrations } from '../../src/storage/sqlite/migrate.ts';
import { MemoryBlobs } from '../support/memory-blobs.ts';
import { Computer, type Surroundings } from './computer.ts';
import type { Running } from './computer-parts.ts';
import { KeyFiles } from './key-files.ts';
import type { Deed } from './truth.ts';
import { WatchedStore } from './watched-store.ts';

/** What a node meets beyond its machine. */
export interface NodeSurroundings extends Surroundings {
  /** The machine whose agent has or had this id. */
  machineOf(agentId: AgentId): string | undefined;
  numberOf(body: Uint8Array): number;
  programOf(machine: Machine, running: Running<Composed>): Runtime;
  onEvent(machine: Machine, event: NodeEvent): void;
  onAgentId(machine: Machine, agentId: AgentId): void;
  readonly twist?: Twist | undefined;
}

/** A planted bug, at the ports of a node. */
export interface Twist {
  readonly transaction?: (tx: MeshTransaction, machine: Machine) => MeshTransaction;
  /** Before the node starts to work. */
  readonly composed?: (composed: Composed, machine: Machine) => void | Promise<void>;
  /** The disk says that it wrote, and did not. */
  readonly lyingDisk?: boolean;
}

/** What is left of a machine when its seed is over, to begin others with. */
export interface MachineImage {
  readonly name: string;
  readonly agentIds: readonly AgentId[];
  readonly database: Uint8Array;
  readonly files: ReadonlyMap<string, string>;
}

/** A computer with one node on it, which hosts one agent. */
export class Machine extends Computer<Composed> {
  readonly files: KeyFiles;
  readonly agentIds: AgentId[];
  readonly #world: NodeSurroundings;

  constructor(name: string, world: NodeSurroundings, image?: MachineImage) {
    super({ name, world, database: image?.database, steps: migrations });
    this.#world = world;
    this.files = new KeyFiles(image?.files);
    this.agentIds = [...(image?.agentIds ?? [])];
  }

  get composed(): Composed {
    return this.inside;
  }

  get api() {
    return createOperations(this.composed.parts);
  }

  get host(): AgentHost {
    const host = this.composed.parts.hosts.get(this.name);
    if (host === undefined) throw new MeshError('NOT_FOUND', `${this.name} has no agent`);
    return host;
  }

  image(): MachineImage {
    const { name, agentIds } = this;
    return { name, agentIds: [...agentIds], database: this.disk.copy().bytes, files: this.files.copy() };
  }

  protected override async begin(running: Running<Composed>): Promise<void> {
    const { life, clock, random, over } = running;
    const { network, limits, onAgentId, twist } = this.#world;
    // The disk is as the process before left it only after that is over.
    await clock.turn();
    const composed = await life.guard(this.#compose(running));
    const { parts, links } = composed;
    this.#connect(running, composed);
    await parts.store.transact((tx) => tx.inbox.releaseAll());
    running.inside = composed;
    await life.guard(Promise.resolve(twist?.composed?.(composed, this)));
    network.listen({ name: this.name, life, accept: (connection) => void links.listener.accept(connection) });
    const { host } = this;
    onAgentId(this, host.agent.agentId);
    await life.guard(host.renewDevice());
    await life.guard(host.agent.publish({ endpoints: [`http://${this.name}.test`] }));
    host.start();
    void sweep({ ...parts, random, limits }, over.signal);
  }

  protected override async finish({ life, over }: Running<Composed>, { parts, links }: Composed): Promise<void> {
    this.#world.network.leave(this.name);
    over.abort();
    await life.guard(this.host.stop(parts.limits));
    await life.guard(links.listener.close());
    await life.guard(parts.store.close());
  }

  /** To the network of the world, and to who looks on. */
  #connect({ life }: Running<Composed>, { links, events }: Composed): void {
    const { network, machineOf, onEvent } = this.#world;
    const emit = events.emit.bind(events);
    events.emit = (event) => {
      if (!life.isAlive) return;
      onEvent(this, event);
      emit(event);
    };
    const call = (to: string | undefined) => {
      if (to === undefined) throw new MeshError('UNREACHABLE', 'Nobody knows that agent');
      return network.connect({ name: this.name, life }, to);
    };
    links.connectLocal = (peer) => call(machineOf(peer));
    links.connectHub = async ({ base }) => call(new URL(base).hostname.replace(/\.test$/, ''));
  }

  #compose(running: Running<Composed>): Promise<Composed> {
    const { life, clock, random } = running;
    const { limits, twist, numberOf } = this.#world;
    const logger = this.logger(running);
    const inner = new SqliteMeshStore({ clock, logger, ...this.storage(running, { lies: twist?.lyingDisk }) });
    const store = new WatchedStore({
      inner,
      life,
      numberOf,
      note: (deed) => this.#note(deed),
      twist: twist?.transaction && ((tx) => twist.transaction?.(tx, this) ?? tx),
    });
    const wait = (): Promise<void> => this.waitFor(random, this.mood.syncMs);
    return compose({
      state: stateDir(`/${this.name}`),
      config: defaultConfig,
      store,
      logger,
      clock,
      random,
      limits,
      disk: this.files.of(life, { wait, isFull: () => this.disk.isFull }),
      // Nobody sends files here.
      blobFiles: () => new MemoryBlobs(),
      runtimes: { [this.name]: this.#world.programOf(this, running) },
      requestStop: () => {},
    });
  }

  #note(deed: Deed): void {
    const { now } = this.#world.timeline;
    this.disk.note({ node: this.name, deed, at: now, commit: 0, isDurable: false, isUndone: false });
  }
}
