import type { Limits } from '#kernel';
import type { AgentId } from '#identity';
import { Calls } from './calls.ts';
import type { Computer } from './computer.ts';
import type { DiskImage } from './disk.ts';
import { type HubImage, HubMachine } from './hub-machine.ts';
import { Judge } from './judge.ts';
import { Ledger } from './ledger.ts';
import { Machine, type MachineImage, type Twist } from './machine.ts';
import { Network } from './network.ts';
import { overhear } from './overhear.ts';
import type { ProgramMood } from './program.ts';
import { SeededRandom } from './seeded-random.ts';
import { Story } from './story.ts';
import { surroundingsOf } from './surroundings.ts';
import { Timeline } from './timeline.ts';
import type { TrueFact } from './truth.ts';

export interface WorldOptions {
  readonly seed: number;
  readonly names: readonly string[];
  readonly limits: Limits;
  /** What the clocks show at the beginning, after midnight. */
  readonly startMs?: number;
  /** Machines begin as these ended. */
  readonly images?: readonly MachineImage[] | undefined;
  /** Names of hubs. */
  readonly hubs?: readonly string[] | undefined;
  readonly hubImages?: readonly HubImage[] | undefined;
  readonly twist?: Twist | undefined;
}

/** Machines, hubs, the network between them, the agents' programs, and the judge who sees it all. */
export class World {
  readonly seed: number;
  readonly timeline = new Timeline();
  readonly random: SeededRandom;
  readonly ledger = new Ledger();
  readonly story: Story;
  readonly judge: Judge;
  readonly network: Network;
  readonly machines: readonly Machine[];
  readonly hubs: readonly HubMachine[];
  readonly moods = new Map<string, ProgramMood>();
  readonly limits: Limits;
  /** When the computer of somebody was last set back to an older copy of its disk. */
  readonly restoredAt = new Map<string, number>();
  /** When people last changed what two agents are to each other. */
  readonly changedAt = new Map<string, number>();
  readonly calls = new Calls();
  deaths = 0;
  /** Copies of databases that somebody made. */
  readonly backups = new Map<string, DiskImage<TrueFact>>();
  readonly #named: ReadonlyMap<string, Machine>;
  readonly #held = new Set<string>();
  /** Machines whose agents have new keys. */
  readonly #renewed = new Set<string>();
  /** Whom hubs deceived: names, or two of them. */
  readonly #deceived = new Set<string>();
  readonly #owners = new Map<AgentId, string>();
  readonly #concurrency = new Map<string, number>();

  constructor(options: WorldOptions) {
    const { seed, names, limits, images = [], startMs = 0, twist, hubs = [], hubImages = [] } = options;
    this.seed = seed;
    this.limits = limits;
    this.random = new SeededRandom(seed, 'world');
    this.story = new Story(() => this.timeline.now);
    const { timeline, ledger } = this;
    this.judge = new Judge({
      ledger,
      orderedSince: (from, to) => Math.max(this.restoredAt.get(from) ?? 0, this.restoredAt.get(to) ?? 0),
      machineOf: (agentId) => this.ownerOf(agentId),
      mayLoseSession: (one, other) =>
        [one, other].some((name) => this.#renewed.has(name) || this.restoredAt.has(name)) ||
        this.changedAt.has(pairKey(one, other)) ||
        [one, other, pairKey(one, other)].some((key) => this.#deceived.has(key)),
      now: () => timeline.now,
    });
    this.network = new Network({
      timeline,
      random: new SeededRandom(seed, 'network'),
      onBytes: (between, bytes) => overhear(this, between, bytes),
    });
    const surroundings = surroundingsOf(this, { startMs, twist });
    const machineImages = new Map(images.map((image) => [image.name, image]));
    this.machines = names.map((name) => new Machine(name, surroundings, machineImages.get(name)));
    this.#named = new Map(this.machines.map((machine) => [machine.name, machine]));
    const imageOf = (name: string): HubImage | undefined => hubImages.find((image) => image.name === name);
    this.hubs = hubs.map((name) => new HubMachine(name, surroundings, imageOf(name)));
    for (const { name, agentIds } of this.machines) {
      for (const agentId of agentIds) this.#owners.set(agentId, name);
      this.moods.set(name, { failing: 0, fatal: 0, thinksMs: 0 });
      this.#concurrency.set(name, this.random.chance(0.15) ? 4 : 1);
    }
  }

  /** Those of agents, and those of hubs. */
  get computers(): readonly Computer[] {
    return [...this.machines, ...this.hubs];
  }

  machine(name: string): Machine {
    const machine = this.#named.get(name);
    if (machine === undefined) throw new Error(`There is no machine ${name}`);
    return machine;
  }

  moodOf(name: string): ProgramMood {
    const mood = this.moods.get(name);
    if (mood === undefined) throw new Error(`There is no program at ${name}`);
    return mood;
  }

  /** A hub lied to these agents, or about them: sessions between them may end. One alone stands for all that it has. */
  deceived(agents: readonly AgentId[]): void {
    const names = agents.map((agentId) => this.ownerOf(agentId)).filter((name) => name !== undefined);
    this.#deceived.add(names.length === 1 ? (names[0] ?? '') : names.sort().join(' '));
  }

  /** How many messages its program takes at a time. */
  concurrencyOf(name: string): number {
    return this.#concurrency.get(name) ?? 1;
  }

  /** People change what two agents are to each other. */
  changed(one: string, other: string): void {
    this.changedAt.set(pairKey(one, other), this.timeline.now);
  }

  /** The keys of the machine's agent are replaced by new ones, or may be. */
  renewed({ name }: Computer): void {
    this.#renewed.add(name);
  }

  /** Nothing starts it until it is let go. */
  holdDown({ name }: Computer): void {
    this.#held.add(name);
  }

  letGo(computer: Computer): void {
    this.#held.delete(computer.name);
    computer.up();
  }

  /** Starts the process, unless the computer is held down. */
  start(computer: Computer): void {
    if (!this.#held.has(computer.name)) computer.up();
  }

  /** Somebody, or something, starts the process again after a while. */
  restartLater(computer: Computer): void {
    const ms = this.random.chance(0.15) ? this.random.span(40_000) : 50 + this.random.span(2500);
    this.timeline.schedule(ms, () => this.start(computer));
  }

  /** The database of the computer is replaced by an older copy. What a hub forgets by that excuses nothing. */
  restore(computer: Computer, image: DiskImage<TrueFact>): void {
    const { name } = computer;
    computer.die('killed');
    this.story.tell([name], `the database of ${name} is replaced by the copy`);
    // After whatever the process that ended still does in this moment.
    this.timeline.schedule(1, () => {
      computer.disk.restore(image);
      this.restoredAt.set(name, this.timeline.now);
      this.judge.forget(name);
      this.letGo(computer);
    });
  }

  close(): void {
    for (const computer of this.computers) computer.close();
  }

  /** The agent of the machine has this id from now on; those before stay its own. */
  own(machine: Machine, agentId: AgentId): void {
    if (this.#owners.has(agentId)) return;
    if (machine.agentIds.length > 0) this.renewed(machine);
    this.#owners.set(agentId, machine.name);
    machine.agentIds.push(agentId);
  }

  /** The machine whose agent has or had this id. */
  ownerOf(agentId: AgentId): string | undefined {
    if (!this.#owners.has(agentId)) {
      const renamed = this.machines.find((machine) => machine.isUp && machine.host.agent.agentId === agentId);
      if (renamed !== undefined) this.own(renamed, agentId);
    }
    return this.#owners.get(agentId);
  }
}

export const pairKey = (one: string, other: string): string => [one, other].sort().join(' ');
