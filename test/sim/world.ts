import { codeOf, type Limits } from '#kernel';
import type { AgentId } from '#identity';
import { decodeFrame, decodeLinkOperation } from '#protocol';
import { Calls } from './calls.ts';
import type { DiskImage } from './disk.ts';
import { Judge } from './judge.ts';
import { Ledger } from './ledger.ts';
import { Machine, type Surroundings, type Twist } from './machine.ts';
import { Network } from './network.ts';
import { program, type ProgramMood } from './program.ts';
import { SeededRandom } from './seeded-random.ts';
import { Story } from './story.ts';
import type { MachineImage } from './machine-parts.ts';
import { Timeline } from './timeline.ts';
import type { TrueFact } from './truth.ts';
import { wordsOfEvent, wordsOfDeath, wordsOfDeed } from './words.ts';

export interface WorldOptions {
  readonly seed: number;
  readonly names: readonly string[];
  readonly limits: Limits;
  /** What the clocks show at the beginning, after midnight. */
  readonly startMs?: number;
  /** Machines begin as these ended. */
  readonly images?: readonly MachineImage[] | undefined;
  readonly twist?: Twist | undefined;
}

/** Machines, the network between them, the agents' programs, and the judge who sees it all. */
export class World {
  readonly seed: number;
  readonly timeline = new Timeline();
  readonly random: SeededRandom;
  readonly ledger = new Ledger();
  readonly story: Story;
  readonly judge: Judge;
  readonly network: Network;
  readonly machines: readonly Machine[];
  readonly moods = new Map<string, ProgramMood>();
  readonly limits: Limits;
  /** When a machine was last set back to an older copy of its disk. */
  readonly restoredAt = new Map<string, number>();
  /** When people last changed what two agents are to each other. */
  readonly changedAt = new Map<string, number>();
  readonly calls = new Calls();
  deaths = 0;
  /** Copies of databases that somebody made. */
  readonly backups = new Map<string, DiskImage<TrueFact>>();
  readonly #held = new Set<string>();
  /** Machines whose agents have new keys. */
  readonly #renewed = new Set<string>();
  readonly #owners = new Map<AgentId, string>();
  readonly #concurrency = new Map<string, number>();

  constructor(options: WorldOptions) {
    const { seed, names, limits, images = [], startMs = 0, twist } = options;
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
        this.changedAt.has(pairKey(one, other)),
      now: () => timeline.now,
    });
    const onBytes = (between: { readonly from: string; readonly to: string }, bytes: Uint8Array): void =>
      this.#onBytes(between, bytes);
    this.network = new Network({ timeline, random: new SeededRandom(seed, 'network'), onBytes });
    const surroundings = this.#surroundings(startMs, twist);
    this.machines = names.map(
      (name) =>
        new Machine(
          name,
          surroundings,
          images.find((image) => image.name === name),
        ),
    );
    for (const { name, agentIds } of this.machines) {
      for (const agentId of agentIds) this.#owners.set(agentId, name);
      this.moods.set(name, { failing: 0, fatal: 0, thinksMs: 0 });
      this.#concurrency.set(name, this.random.chance(0.15) ? 4 : 1);
    }
  }

  machine(name: string): Machine {
    const machine = this.machines.find((one) => one.name === name);
    if (machine === undefined) throw new Error(`There is no machine ${name}`);
    return machine;
  }

  moodOf(name: string): ProgramMood {
    const mood = this.moods.get(name);
    if (mood === undefined) throw new Error(`There is no program at ${name}`);
    return mood;
  }

  /** People change what two agents are to each other. */
  changed(one: string, other: string): void {
    this.changedAt.set(pairKey(one, other), this.timeline.now);
  }

  /** The keys of the machine's agent are replaced by new ones, or may be. */
  renewed({ name }: Machine): void {
    this.#renewed.add(name);
  }

  /** Nothing starts it until it is restored. */
  holdDown({ name }: Machine): void {
    this.#held.add(name);
  }

  /** Somebody, or something, starts the process again after a while. */
  restartLater(machine: Machine): void {
    const ms = this.random.chance(0.15) ? this.random.span(40_000) : 50 + this.random.span(2500);
    this.timeline.schedule(ms, () => {
      if (!this.#held.has(machine.name)) machine.up();
    });
  }

  /** The database of the machine is replaced by an older copy. */
  restore(machine: Machine, image: DiskImage<TrueFact>): void {
    const { name } = machine;
    machine.die('killed');
    this.story.tell([name], `the database of ${name} is replaced by the copy`);
    // After whatever the process that ended still does in this moment.
    this.timeline.schedule(1, () => {
      machine.disk.restore(image);
      this.restoredAt.set(name, this.timeline.now);
      this.judge.forget(name);
      this.#held.delete(name);
      machine.up();
    });
  }

  close(): void {
    for (const machine of this.machines) machine.close();
  }

  #surroundings(startMs: number, twist: Twist | undefined): Surroundings {
    const { seed, timeline, network, limits, ledger, judge, story } = this;
    return {
      seed,
      timeline,
      network,
      limits,
      startMs,
      twist,
      machineOf: (agentId) => this.ownerOf(agentId),
      numberOf: (body) => ledger.numberOf(body),
      programOf: (machine, running) =>
        program({
          machine,
          running,
          mood: this.moodOf(machine.name),
          concurrency: this.#concurrency.get(machine.name) ?? 1,
          onOffer: (inbound) => {
            const said = ledger.byId(inbound.message.id);
            story.tell(
              [machine.name, `#${said?.n}`],
              `${machine.name}'s program is given #${said?.n}, attempt ${inbound.attempt}`,
            );
            return judge.offer(machine, inbound);
          },
          onEnd: (turn, outcome) => {
            const n = ledger.byId(turn.id)?.n;
            if (outcome !== 'fatal') turn.outcome = outcome;
            story.tell([machine.name, `#${n}`], `${machine.name}'s program ${endings[outcome]} #${n}`);
          },
          answer: ({ message }) => {
            const asked = ledger.byId(message.id);
            if (asked === undefined || running.random.chance(0.2)) return undefined;
            const said = ledger.say(
              {
                from: machine.name,
                to: asked.from,
                type: 'response',
                priority: message.priority,
                isAnswer: true,
                key: undefined,
                askedAt: timeline.now,
              },
              `answer to #${asked.n}`,
            );
            story.tell(
              [machine.name, `#${asked.n}`, `#${said.n}`],
              `${machine.name}'s program answers #${asked.n} with #${said.n}`,
            );
            return said;
          },
        }),
      onCommit: (fact) => {
        judge.fact(fact);
        ledger.note(fact);
        const words = wordsOfDeed(fact.deed, ledger);
        if (words !== undefined) story.tell([fact.node, ...words.about], `${fact.node} ${words.text}`);
      },
      onEvent: (machine, event) => {
        const words = wordsOfEvent(event, ledger, (agentId) => this.ownerOf(agentId) ?? agentId);
        if (words !== undefined) story.tell([machine.name, ...words.about], `${machine.name} ${words.text}`);
        judge.event(machine, event);
      },
      onLog: (machine, line) => {
        judge.log(machine, line);
        if (line.event === 'device.renewed') this.renewed(machine);
        if (line.level !== 'debug' && line.level !== 'info')
          story.tell([machine.name], `${machine.name} logs ${line.event} ${JSON.stringify(line.fields)}`);
      },
      onDeath: (machine, death, touch) => {
        story.tell([machine.name], `${machine.name} ${wordsOfDeath(death, touch)}`);
        this.deaths += 1;
        this.restartLater(machine);
      },
      onEnd: ({ name }) => {
        this.calls.lose(name);
        judge.ended(name);
      },
      onStartFailed: (machine, code) => {
        story.tell([machine.name], `${machine.name} cannot start: ${code}`);
        timeline.schedule(5000, () => {
          if (!this.#held.has(machine.name)) machine.up();
        });
      },
      onAgentId: (machine, agentId) => this.own(machine, agentId),
    };
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

  #onBytes(between: { readonly from: string; readonly to: string }, bytes: Uint8Array): void {
    const { judge, story } = this;
    judge.bytes(between, bytes);
    const { from, to } = between;
    try {
      const operation = decodeLinkOperation(bytes);
      if (operation.op === 'frame') {
        const frame = decodeFrame(operation.frame);
        judge.frame(from, frame.id, operation.frame);
        story.tell([from, to, frame.id], `${from} sends the ${frame.kind} frame ${shortId(frame.id)} to ${to}`);
      } else if (operation.op === 'delivered' || operation.op === 'refused') {
        const verdict = operation.op === 'refused' ? `refuses (${operation.code})` : 'acknowledges';
        story.tell(
          [from, to, operation.frameId],
          `${from} ${verdict} the frame ${shortId(operation.frameId)} of ${to}`,
        );
      }
    } catch (error) {
      judge.blame('wire', [from, to], `${from} wrote something to ${to} that cannot be decoded: ${codeOf(error)}`);
    }
  }
}

const endings = { returned: 'is done with', failed: 'fails at', fatal: 'takes the node with it at' } as const;

export const pairKey = (one: string, other: string): string => [one, other].sort().join(' ');

/** The part of an id that tells it from others in one run. */
export const shortId = (id: string): string => id.slice(-6);
