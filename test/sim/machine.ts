import { codeOf, type ErrorCode, type Limits, type LogFields, type Logger, MeshError } from '#kernel';
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
import { MemoryBlobs } from '../support/memory-blobs.ts';
import { Disk } from './disk.ts';
import { KeyFiles } from './key-files.ts';
import { Life, type Touch } from './life.ts';
import { LifeClock } from './life-clock.ts';
import type { ArmedDeath, Death, DiskMood, MachineImage, Running } from './machine-parts.ts';
import type { Network } from './network.ts';
import { SeededRandom } from './seeded-random.ts';
import type { Timeline } from './timeline.ts';
import type { Deed, TrueFact } from './truth.ts';
import { WatchedStore } from './watched-store.ts';

/** What the process on a machine meets beyond the machine. */
export interface Surroundings {
  readonly seed: number;
  readonly timeline: Timeline;
  readonly network: Network;
  readonly limits: Limits;
  /** What the clocks of all machines show at the beginning, after midnight. */
  readonly startMs: number;
  /** The machine whose agent has or had this id. */
  machineOf(agentId: AgentId): string | undefined;
  numberOf(body: Uint8Array): number;
  programOf(machine: Machine, life: Running): Runtime;
  onCommit(fact: TrueFact): void;
  onEvent(machine: Machine, event: NodeEvent): void;
  onLog(machine: Machine, line: { readonly level: string; readonly event: string; readonly fields: LogFields }): void;
  onDeath(machine: Machine, death: Death, touch: Touch | undefined): void;
  /** The process is gone, in whatever way. */
  onEnd(machine: Machine): void;
  onStartFailed(machine: Machine, code: ErrorCode): void;
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

/** A computer with a disk, a clock and one node, whose process may end at any moment and is started again. */
export class Machine {
  readonly name: string;
  readonly disk: Disk<TrueFact>;
  readonly files: KeyFiles;
  readonly agentIds: AgentId[];
  readonly mood: DiskMood = { commitMs: 0.3, syncMs: 1, failingSyncs: 0 };
  /** How far its wall clock is off. */
  skewMs = 0;
  armed: ArmedDeath | undefined;
  readonly #world: Surroundings;
  readonly #random: SeededRandom;
  #running: Running | undefined;
  #lives = 0;
  #isStopping = false;

  constructor(name: string, world: Surroundings, image?: MachineImage) {
    this.name = name;
    this.#world = world;
    this.#random = new SeededRandom(world.seed, `machine ${name}`);
    this.disk = new Disk((fact) => world.onCommit(fact), image?.database);
    this.files = new KeyFiles(image?.files);
    this.agentIds = [...(image?.agentIds ?? [])];
  }

  /** The node is composed and works. */
  get isUp(): boolean {
    return this.#running?.composed !== undefined && !this.#isStopping;
  }

  get lives(): number {
    return this.#lives;
  }

  get running(): Running {
    if (this.#running === undefined) throw new MeshError('NODE_NOT_RUNNING', `${this.name} is down`);
    return this.#running;
  }

  get composed(): Composed {
    const { composed } = this.running;
    if (composed === undefined) throw new MeshError('NODE_NOT_RUNNING', `${this.name} is starting`);
    return composed;
  }

  get api() {
    return createOperations(this.composed.parts);
  }

  get host(): AgentHost {
    const host = this.composed.parts.hosts.get(this.name);
    if (host === undefined) throw new MeshError('NOT_FOUND', `${this.name} has no agent`);
    return host;
  }

  /** Starts a process. */
  up(): void {
    if (this.#running !== undefined) return;
    this.#lives += 1;
    const number = this.#lives;
    const life = new Life((touch) => this.#touched(touch));
    const random = new SeededRandom(this.#world.seed, `life ${this.name} ${number}`);
    const { timeline } = this.#world;
    const clock = new LifeClock({ timeline, life, random, skewMs: () => this.#world.startMs + this.skewMs });
    const running: Running = { life, number, clock, random, composed: undefined, sweeping: new AbortController() };
    this.#running = running;
    this.#isStopping = false;
    this.#begin(running).catch((error: unknown) => {
      if (!life.isAlive) return;
      this.#end(running, 'killed');
      this.#world.onStartFailed(this, codeOf(error));
    });
  }

  /** Ends the process as by SIGKILL, or with the power of the machine. */
  die(how: Death, touch?: Touch): void {
    const running = this.#running;
    if (running === undefined) return;
    this.#end(running, how);
    this.#world.onDeath(this, how, touch);
  }

  /** Ends the process in good order. */
  down(onDown: () => void): void {
    const running = this.#running;
    if (running === undefined || !this.isUp) return;
    this.#isStopping = true;
    this.#stop(running, this.composed).then(
      () => {
        this.#end(running, 'killed');
        onDown();
      },
      (error: unknown) => this.#world.onStartFailed(this, codeOf(error)),
    );
  }

  image(): MachineImage {
    const { name, agentIds } = this;
    return { name, agentIds: [...agentIds], database: this.disk.copy().bytes, files: this.files.copy() };
  }

  close(): void {
    if (this.#running !== undefined) this.#end(this.#running, 'killed');
    this.disk.close();
  }

  #touched(touch: Touch): void {
    const { armed } = this;
    if (armed === undefined || (armed.touch !== undefined && armed.touch !== touch)) return;
    armed.countdown -= 1;
    if (armed.countdown > 0) return;
    this.armed = undefined;
    this.die(armed.how, touch);
  }

  #end(running: Running, how: Death): void {
    if (this.#running !== running) return;
    running.life.end();
    this.#running = undefined;
    this.#world.network.vanish(this.name, how === 'power' ? 'power' : 'killed');
    this.#world.onEnd(this);
    // What is under way in this moment still has the database open.
    this.#world.timeline.schedule(0, () => {
      if (how !== 'killed') this.disk.losePower((unsynced) => this.#random.between(0, unsynced));
      else this.disk.loseProcess();
    });
  }

  async #begin(running: Running): Promise<void> {
    const { life, clock, random, sweeping } = running;
    const { network, limits, machineOf, onEvent, onAgentId, twist } = this.#world;
    // The disk is as the process before left it only after that is over.
    await clock.turn();
    const composed = await life.guard(this.#compose(running));
    const { parts, links, events } = composed;
    const emit = events.emit.bind(events);
    events.emit = (event) => {
      if (!life.isAlive) return;
      onEvent(this, event);
      emit(event);
    };
    links.connectLocal = (peer) => {
      const to = machineOf(peer);
      if (to === undefined) throw new MeshError('UNREACHABLE', 'Nobody knows that agent');
      return network.connect({ name: this.name, life }, to);
    };
    await parts.store.transact((tx) => tx.inbox.releaseAll());
    running.composed = composed;
    await life.guard(Promise.resolve(twist?.composed?.(composed, this)));
    network.listen({ name: this.name, life, accept: (connection) => void links.listener.accept(connection) });
    const { host } = this;
    onAgentId(this, host.agent.agentId);
    await life.guard(host.renewDevice());
    await life.guard(host.agent.publish({ endpoints: [`http://${this.name}.test`] }));
    host.start();
    void sweep({ ...parts, random, limits }, sweeping.signal);
  }

  #compose(running: Running): Promise<Composed> {
    const { life, clock, random } = running;
    const { limits, timeline, twist, numberOf } = this.#world;
    const logger = this.#logger(life);
    const wait = (ms: number): Promise<void> =>
      new Promise((resolve) => void timeline.schedule(random.span(ms), () => resolve()));
    const inner = new SqliteMeshStore({
      database: this.disk.open(life),
      clock,
      logger,
      wal: this.disk.walOf(life, {
        wait: () => wait(this.mood.syncMs),
        syncFails: () => this.#syncFails(),
        lies: twist?.lyingDisk,
      }),
      // A turn later: the callers hear first that it failed.
      onBroken: () => timeline.schedule(0, () => running.life.isAlive && this.die('disk failure')),
      schedule: (commit) =>
        timeline.schedule(random.span(this.mood.commitMs), () => {
          if (life.touch('commit')) commit();
        }),
    });
    const store = new WatchedStore({
      inner,
      life,
      numberOf,
      note: (deed) => this.#note(deed),
      twist: twist?.transaction && ((tx) => twist.transaction?.(tx, this) ?? tx),
    });
    const disk = this.files.of(life, { wait: () => wait(this.mood.syncMs), isFull: () => this.disk.isFull });
    return compose({
      state: stateDir(`/${this.name}`),
      config: defaultConfig,
      store,
      logger,
      clock,
      random,
      limits,
      disk,
      // Nobody sends files here.
      blobFiles: () => new MemoryBlobs(),
      runtimes: { [this.name]: this.#world.programOf(this, running) },
      requestStop: () => {},
    });
  }

  async #stop(running: Running, { parts, links }: Composed): Promise<void> {
    const { life, sweeping } = running;
    this.#world.network.leave(this.name);
    sweeping.abort();
    await life.guard(this.host.stop(parts.limits));
    await life.guard(links.listener.close());
    await life.guard(parts.store.close());
  }

  #syncFails(): boolean {
    if (this.mood.failingSyncs === 0) return false;
    this.mood.failingSyncs -= 1;
    return true;
  }

  #note(deed: Deed): void {
    const { now } = this.#world.timeline;
    this.disk.note({ node: this.name, deed, at: now, commit: 0, isDurable: false, isUndone: false });
  }

  #logger(life: Life): Logger {
    const log =
      (level: string) =>
      (event: string, fields: LogFields = {}): void => {
        if (life.isAlive) this.#world.onLog(this, { level, event, fields });
      };
    return { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') };
  }
}
