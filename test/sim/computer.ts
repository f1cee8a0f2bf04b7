import { codeOf, type ErrorCode, type Limits, type LogFields, type Logger, MeshError } from '#kernel';
import type { WalSync } from '../../src/storage/sqlite/wal-sync.ts';
import { Disk } from './disk.ts';
import { Life, type Touch } from './life.ts';
import { LifeClock } from './life-clock.ts';
import type { ArmedDeath, Death, DiskMood, Running } from './computer-parts.ts';
import type { Network } from './network.ts';
import { SeededRandom } from './seeded-random.ts';
import type { Timeline } from './timeline.ts';
import type { TrueFact } from './truth.ts';

/** What any process meets beyond its computer. */
export interface Surroundings {
  readonly seed: number;
  readonly timeline: Timeline;
  readonly network: Network;
  readonly limits: Limits;
  /** What all clocks show at the beginning, after midnight. */
  readonly startMs: number;
  onCommit(fact: TrueFact): void;
  onLog(computer: Computer, line: LogLine): void;
  onDeath(computer: Computer, death: Death, touch: Touch | undefined): void;
  /** The process is gone, in whatever way. */
  onEnd(computer: Computer): void;
  onStartFailed(computer: Computer, code: ErrorCode): void;
}

export interface LogLine {
  readonly level: string;
  readonly event: string;
  readonly fields: LogFields;
}

export interface ComputerOptions {
  readonly name: string;
  readonly world: Surroundings;
  readonly database: Uint8Array | undefined;
  /** The migrations of its database. */
  readonly steps: readonly string[];
}

/** A disk, a clock and one process, which may end at any moment and is started again. */
export abstract class Computer<Inside extends object = object> {
  readonly name: string;
  readonly disk: Disk<TrueFact>;
  readonly mood: DiskMood = { commitMs: 0.3, syncMs: 1, failingSyncs: 0 };
  /** How far its wall clock is off. */
  skewMs = 0;
  armed: ArmedDeath | undefined;
  readonly #world: Surroundings;
  readonly #random: SeededRandom;
  #running: Running<Inside> | undefined;
  #lives = 0;
  #isStopping = false;

  constructor({ name, world, database, steps }: ComputerOptions) {
    this.name = name;
    this.#world = world;
    this.#random = new SeededRandom(world.seed, `machine ${name}`);
    this.disk = new Disk({ onCommit: (fact) => world.onCommit(fact), bytes: database, steps });
  }

  /** What runs in the process is made and works. */
  get isUp(): boolean {
    return this.#running?.inside !== undefined && !this.#isStopping;
  }

  get lives(): number {
    return this.#lives;
  }

  get running(): Running<Inside> {
    if (this.#running === undefined) throw new MeshError('NODE_NOT_RUNNING', `${this.name} is down`);
    return this.#running;
  }

  /** What runs in the process. */
  get inside(): Inside {
    const { inside } = this.running;
    if (inside === undefined) throw new MeshError('NODE_NOT_RUNNING', `${this.name} is starting`);
    return inside;
  }

  /** Makes what runs in the process, and sets `inside`. */
  protected abstract begin(running: Running<Inside>): Promise<void>;

  /** Ends it in good order. */
  protected abstract finish(running: Running<Inside>, inside: Inside): Promise<void>;

  /** Starts a process. */
  up(): void {
    if (this.#running !== undefined) return;
    this.#lives += 1;
    const number = this.#lives;
    const life = new Life((touch) => this.#touched(touch));
    const random = new SeededRandom(this.#world.seed, `life ${this.name} ${number}`);
    const { timeline } = this.#world;
    const clock = new LifeClock({ timeline, life, random, skewMs: () => this.#world.startMs + this.skewMs });
    const running: Running<Inside> = { life, number, clock, random, inside: undefined, over: new AbortController() };
    this.#running = running;
    this.#isStopping = false;
    this.begin(running).catch((error: unknown) => {
      if (!life.isAlive) return;
      this.#end(running, 'killed');
      this.#world.onStartFailed(this, codeOf(error));
    });
  }

  /** Ends the process as by SIGKILL, or with the power of the computer. */
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
    this.finish(running, this.inside).then(
      () => {
        this.#end(running, 'killed');
        onDown();
      },
      (error: unknown) => this.#world.onStartFailed(this, codeOf(error)),
    );
  }

  close(): void {
    if (this.#running !== undefined) this.#end(this.#running, 'killed');
    this.disk.close();
  }

  /** Its database, for what runs in the process. */
  protected storage({ life, random }: Running<Inside>, { lies }: { readonly lies?: boolean | undefined } = {}) {
    const { timeline } = this.#world;
    const wal: WalSync = this.disk.walOf(life, {
      wait: () => this.waitFor(random, this.mood.syncMs),
      syncFails: () => this.#syncFails(),
      lies,
    });
    return {
      database: this.disk.open(life),
      wal,
      // A turn later: the callers hear first that it failed.
      onBroken: () => timeline.schedule(0, () => life.isAlive && this.die('disk failure')),
      schedule: (commit: () => void) =>
        timeline.schedule(random.span(this.mood.commitMs), () => {
          if (life.touch('commit')) commit();
        }),
    };
  }

  /** About so long. */
  protected waitFor(random: SeededRandom, ms: number): Promise<void> {
    return new Promise((resolve) => void this.#world.timeline.schedule(random.span(ms), () => resolve()));
  }

  protected logger({ life }: Running<Inside>): Logger {
    const log =
      (level: string) =>
      (event: string, fields: LogFields = {}): void => {
        if (life.isAlive) this.#world.onLog(this, { level, event, fields });
      };
    return { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') };
  }

  #touched(touch: Touch): void {
    const { armed } = this;
    if (armed === undefined || (armed.touch !== undefined && armed.touch !== touch)) return;
    armed.countdown -= 1;
    if (armed.countdown > 0) return;
    this.armed = undefined;
    this.die(armed.how, touch);
  }

  #end(running: Running<Inside>, how: Death): void {
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

  #syncFails(): boolean {
    if (this.mood.failingSyncs === 0) return false;
    this.mood.failingSyncs -= 1;
    return true;
  }
}
