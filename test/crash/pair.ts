import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { messageTypes } from '#protocol';
import { type Account, check, type Tally, tally, type Violation } from './check.ts';
import type { Arm } from '../support/crash-child/trigger.ts';
import { Dice } from './dice.ts';
import { readJournal } from './journal.ts';
import { messageNumber, readLedger } from './ledger.ts';
import { ownPorts } from '../support/own-ports.ts';
import { DiedAtStart, type End, type Form, forms, Side, type SideName, type StartOptions } from './side.ts';
import { findUntruths, findWork, readLeased, readRows } from './snapshot.ts';
import { TroubledWire } from './troubled-wire.ts';

/** A process that ended by SIGKILL. */
export interface Kill {
  readonly atMs: number;
  readonly side: SideName;
  readonly life: number;
  /** The point at which it ended itself, or why it was ended from outside. */
  readonly how: string;
  readonly powerCut: boolean;
}

export interface PairOptions {
  readonly seed: string;
  readonly forms: Readonly<Record<SideName, Form>>;
  readonly planted?: string;
  /** Where the state folder of a side is, when not beside its other files. */
  readonly stateDirs?: Partial<Record<SideName, string>>;
}

export interface PairResult {
  readonly kills: readonly Kill[];
  readonly violations: readonly Violation[];
  readonly tally: Tally;
  /** Points that were not reached in time. */
  readonly unmet: readonly string[];
  readonly accounts?: Readonly<Record<SideName, Account>>;
}

export const sideNames = ['alice', 'bob'] as const;
export const other = (name: SideName): SideName => (name === 'alice' ? 'bob' : 'alice');

/** Without any progress. */
const stuckMs = 30_000;
const settleMs = 300_000;
const lookMs = 80;

/** Two agents with a process each and a wire in front of each, and everything that is known of them. */
export class Pair implements AsyncDisposable {
  readonly dir: string;
  readonly dice: Dice;
  readonly sides: Readonly<Record<SideName, Side>>;
  readonly wires: Readonly<Record<SideName, TroubledWire>>;
  readonly kills: Kill[] = [];
  /** What happened, in words, with the time. */
  readonly story: string[] = [];
  readonly #untruths: Violation[] = [];
  /** The last life of each side whose end was noted. */
  readonly #noted: Record<SideName, number> = { alice: 0, bob: 0 };
  readonly #leased: Record<SideName, (readonly string[])[]> = { alice: [], bob: [] };
  readonly #startedAt = performance.now();

  private constructor(made: Pick<Pair, 'dir' | 'dice' | 'sides' | 'wires'>) {
    this.dir = made.dir;
    this.dice = made.dice;
    this.sides = made.sides;
    this.wires = made.wires;
  }

  /** Two identities; nothing runs yet. */
  static async create({ seed, forms: kinds, planted, stateDirs = {} }: PairOptions): Promise<Pair> {
    const dir = mkdtempSync(join(tmpdir(), 'mesh-crash-'));
    const [alicePort = 0, bobPort = 0] = await ownPorts(2);
    const wires = { alice: await TroubledWire.open(alicePort), bob: await TroubledWire.open(bobPort) };
    const make = (name: SideName, port: number): Promise<Side> =>
      Side.create({
        name,
        peer: other(name),
        form: kinds[name],
        dir: join(dir, name),
        stateDir: stateDirs[name] ?? join(dir, name, 'state'),
        port,
        endpoint: wires[name].url,
        seed: `${seed}/${name}`,
        gentle: !forms[kinds[other(name)]].embeds,
        ...(planted === undefined ? {} : { planted }),
      });
    const sides = { alice: await make('alice', alicePort), bob: await make('bob', bobPort) };
    return new Pair({ dir, dice: new Dice(seed), sides, wires });
  }

  /** Both are up, peers, and talk to each other. */
  async begin(): Promise<void> {
    await Promise.all(sideNames.map((name) => this.start(name)));
    const { invite } = await this.sides.alice.client.invite({ tier: 'trusted' });
    await this.sides.bob.client.join({ invite, tier: 'trusted' });
    await this.talk();
  }

  async talk(): Promise<void> {
    for (const name of sideNames) await this.sides[name].talk();
  }

  tell(text: string): void {
    this.story.push(`${String(this.#now()).padStart(6)} ms  ${text}`);
  }

  /** Starts the side unless it is up; one that ends at its start is started again, unless `once`. */
  async start(name: SideName, options: StartOptions & { readonly once?: true } = {}): Promise<void> {
    const side = this.sides[name];
    if (side.isUp) return;
    this.tell(`${name} starts, life ${side.life + 1}${options.forget === true ? ', without its sessions' : ''}`);
    try {
      await side.start(options);
    } catch (error) {
      if (!(error instanceof DiedAtStart) || error.end.signal !== 'SIGKILL') throw error;
      await this.note(name, { end: error.end, how: 'at its start', arm: options.arm });
      if (options.once !== true) await this.start(name);
    }
  }

  /** Ends the side from outside, unless it has ended. */
  async kill(name: SideName, how: string): Promise<void> {
    const side = this.sides[name];
    if (!side.isUp) return;
    await this.note(name, { end: await side.kill(), how, arm: undefined });
  }

  /** Writes down that the side has ended, and looks at what it left. */
  async note(name: SideName, { end, how, arm }: { end: End; how: string; arm: Arm | undefined }): Promise<void> {
    const { life } = this.sides[name];
    if (this.#noted[name] === life) return;
    this.#noted[name] = life;
    if (end.signal !== 'SIGKILL') {
      throw new Error(`${name} ended by itself, with code ${end.code}: see ${join(this.dir, name, 'log')}`);
    }
    const powerCut = end.point !== undefined && arm?.powerCut === true;
    this.kills.push({ atMs: this.#now(), side: name, life, how: end.point ?? how, powerCut });
    this.tell(`${name} is killed${powerCut ? ' by a power cut' : ''}: ${end.point ?? how}`);
    await this.noteLeased(name);
    await this.#lookForUntruths();
  }

  /** A process of the side is gone: what was with its handler then may be offered again. */
  async noteLeased(name: SideName): Promise<void> {
    this.#leased[name].push(await readLeased(this.#place(name)));
  }

  async pause(ms: number): Promise<void> {
    await delay(ms);
  }

  /** Ends the traffic, heals everything, and waits until nothing is on its way. */
  async settle(): Promise<readonly string[]> {
    for (const name of sideNames) this.wires[name].heal();
    await Promise.all(sideNames.map((name) => this.start(name)));
    await Promise.all(sideNames.map((name) => this.sides[name].hush()));
    this.tell('the traffic ends');
    const startedAt = performance.now();
    let progressAt = startedAt;
    let quiet = 0;
    let work: readonly string[] = [];
    while (performance.now() < Math.min(startedAt + settleMs, progressAt + stuckMs)) {
      const before = work.join();
      work = (await Promise.all(sideNames.map((name) => this.#work(name)))).flat();
      if (work.join() !== before) progressAt = performance.now();
      quiet = work.length === 0 ? quiet + 1 : 0;
      if (quiet === 3) break;
      await delay(lookMs);
    }
    this.tell(work.length === 0 ? 'nothing is on its way any more' : work.join(', '));
    return work;
  }

  /** Lets everything come to rest and says what became of it. */
  async result(): Promise<PairResult> {
    const stuck = await this.settle();
    for (const name of sideNames) {
      const { code } = await this.sides[name].stop();
      if (code !== 0 && code !== 130 && code !== 143) throw new Error(`${name} did not stop in good order: ${code}`);
    }
    const [alice, bob] = [await this.#account('alice'), await this.#account('bob')];
    const tallies = [tally(alice, bob), tally(bob, alice)];
    const sum = (key: keyof Tally): number => tallies.reduce((total, one) => total + one[key], 0);
    return {
      kills: this.kills,
      unmet: [],
      accounts: { alice, bob },
      violations: [...this.#untruths, ...stuck.map(stuckViolation), ...check(alice, bob), ...check(bob, alice)],
      tally: { sent: sum('sent'), handled: sum('handled'), repeated: sum('repeated') },
    };
  }

  /** Ends what runs; keeps the folders when asked. */
  async end({ keep }: { readonly keep: boolean }): Promise<void> {
    for (const name of sideNames) {
      await this.sides[name].kill();
      await this.wires[name][Symbol.asyncDispose]();
    }
    if (!keep) rmSync(this.dir, { recursive: true, force: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end({ keep: false });
  }

  #now(): number {
    return Math.round(performance.now() - this.#startedAt);
  }

  #place(name: SideName): { readonly name: SideName; readonly stateDir: string } {
    return { name, stateDir: this.sides[name].options.stateDir };
  }

  #work(name: SideName): Promise<readonly string[]> {
    const { embeds } = forms[this.sides[name].options.form];
    const offered = embeds ? messageTypes : (['request', 'notification', 'alert'] as const);
    return findWork(this.#place(name), { offered });
  }

  async #lookForUntruths(): Promise<void> {
    for (const name of sideNames) {
      for (const says of await findUntruths(this.#place(name), this.#place(other(name)))) {
        this.tell(says);
        this.#untruths.push({ rule: 'untruthful', sender: name, n: 0, id: undefined, says });
      }
    }
  }

  async #account(name: SideName): Promise<Account> {
    const { dir, seed, gentle } = this.sides[name].options;
    const spoken = [...readLedger(join(dir, 'ledger'))].map(([n, answer]) => ({
      said: messageNumber({ dice: new Dice(seed), n, gentle }),
      ...(answer === undefined ? {} : { answer }),
    }));
    return {
      name,
      spoken,
      turns: readJournal(join(dir, 'journal')),
      leasedAtEnds: this.#leased[name],
      rows: await readRows(this.#place(name)),
    };
  }
}

const stuckViolation = (says: string): Violation => ({
  rule: 'untruthful',
  sender: '',
  n: 0,
  id: undefined,
  says: `does not come to rest: ${says}`,
});
