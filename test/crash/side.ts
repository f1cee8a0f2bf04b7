import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Client } from '#api';
import { defaultLimits, systemClock, systemRandom } from '#kernel';
import { createFirstAgent, stateDir } from '#node';
import { environmentOf, type Order, type Setup } from '../support/crash-child/setup.ts';
import type { Arm } from '../support/crash-child/trigger.ts';
import { Dice } from './dice.ts';
import { Ledger } from './ledger.ts';
import { localClient } from '../support/local-client.ts';
import { Traffic } from './traffic.ts';

/** What kind of process a side is. Those that are armed end at named points, the others only by kills from outside. */
export const forms = {
  'armed-agent': { entry: 'test/support/crash-child/agent.ts', armed: true, embeds: true },
  'armed-daemon': { entry: 'test/support/crash-child/daemon.ts', armed: true, embeds: false },
  agent: { entry: 'test/support/crash-child/plain-agent.ts', armed: false, embeds: true },
  daemon: { entry: 'bin/mesh.cjs', armed: false, embeds: false },
} as const;
export type Form = keyof typeof forms;

export type SideName = 'alice' | 'bob';

export interface SideOptions {
  readonly name: SideName;
  readonly peer: SideName;
  readonly form: Form;
  /** Of this side; made when it is not there. */
  readonly dir: string;
  readonly stateDir: string;
  readonly port: number;
  readonly endpoint: string;
  readonly seed: string;
  /** The handler of the peer is slow. */
  readonly gentle: boolean;
  readonly planted?: string;
}

export interface StartOptions {
  readonly arm?: Arm;
  readonly forget?: boolean;
  /** Says nothing until it is told to talk. */
  readonly silent?: boolean;
}

/** How a life ended. */
export interface End {
  readonly signal: NodeJS.Signals | null;
  readonly code: number | null;
  /** The point at which it ended itself. */
  readonly point: string | undefined;
}

const root = join(import.meta.dirname, '..', '..');
/** A process that is killed leaves none behind; those that end in good order do. */
const compileCache = join(root, 'node_modules', '.cache', 'mesh-crash');

/** A round on a fast machine has more turns than a node allows in an hour. */
const manyTurns = '[rates]\ntrustedTurnsPerHour = 1000000\nprogramRootsPerHour = 1000000\n';

/** One agent and its process, which ends and begins again. */
export class Side {
  readonly name: SideName;
  readonly options: SideOptions;
  /** Since when it was started, how often. */
  life = 0;
  isPaused = false;
  #child: ChildProcess | undefined;
  #end: Promise<End> = Promise.resolve({ signal: null, code: null, point: undefined });
  #client: Client | undefined;
  #talks = false;
  readonly #traffic: Traffic | undefined;

  private constructor(options: SideOptions) {
    this.name = options.name;
    this.options = options;
    const { dir, peer, seed, gentle } = options;
    if (forms[options.form].embeds) return;
    this.#traffic = new Traffic({
      ledger: new Ledger(join(dir, 'ledger')),
      dice: new Dice(seed),
      to: peer,
      gentle,
      single: true,
      send: (message) => this.client.send(message),
    });
  }

  /** With a fresh identity; nothing runs yet. */
  static async create(options: SideOptions): Promise<Side> {
    const { name, dir, port, endpoint, form } = options;
    mkdirSync(dir, { recursive: true });
    mkdirSync(options.stateDir, { recursive: true, mode: 0o700 });
    const state = stateDir(options.stateDir);
    const command = JSON.stringify(['/bin/sh', join(root, 'test/crash/handler.sh'), dir]);
    const runtime = `[agents.${name}]\nruntime = "command"\ncommand = ${command}\ntimeoutSeconds = 10\n`;
    const node = `[node]\nhost = "127.0.0.1"\nport = ${port}\napiPort = 0\nendpoints = ["${endpoint}"]\n`;
    writeFileSync(state.config, `${node}\n${manyTurns}\n${forms[form].embeds ? '' : runtime}`);
    const ports = { clock: systemClock, random: systemRandom, limits: defaultLimits, force: false };
    await createFirstAgent(state, { name, endpoints: [] }, ports);
    return new Side(options);
  }

  get isUp(): boolean {
    return this.#child !== undefined;
  }

  get isArmed(): boolean {
    return forms[this.options.form].armed;
  }

  /** Of the life that is, or the one that was last. */
  get end(): Promise<End> {
    return this.#end;
  }

  /** Of the local API. */
  get client(): Client {
    if (this.#client === undefined) throw new Error(`${this.name} is not up`);
    return this.#client;
  }

  /** Resolves when the node is at work. Rejects with how it ended when it ends before. */
  async start({ arm, forget = false, silent = false }: StartOptions = {}): Promise<void> {
    const talks = this.#talks && !silent;
    const child = this.#spawn({ talks, ...(arm === undefined ? {} : { arm }), ...(forget ? { forget } : {}) });
    const ready = readiness(child);
    const end = this.#end.then((ended) => {
      throw new DiedAtStart(this.name, ended);
    });
    const port = await Promise.race([ready, end]);
    this.#client = localClient(this.options.stateDir, port);
    if (talks) this.#traffic?.start();
  }

  async arm(arm: Arm | undefined): Promise<void> {
    if (arm?.point.startsWith('handler.') === true && !forms[this.options.form].embeds) {
      writeFileSync(join(this.options.dir, 'handler-arm'), arm.point);
      return;
    }
    rmSync(join(this.options.dir, 'handler-arm'), { force: true });
    await this.#order(arm === undefined ? { order: 'arm' } : { order: 'arm', arm });
  }

  async talk(): Promise<void> {
    this.#talks = true;
    if (this.#traffic === undefined) await this.#order({ order: 'talk' });
    else this.#traffic.start();
  }

  /** Resolves when every call of the traffic is answered. The side must be up. */
  async hush(): Promise<void> {
    this.#talks = false;
    if (this.#traffic === undefined) await this.#order({ order: 'hush' });
    else await this.#traffic.stop();
  }

  async kill(): Promise<End> {
    this.#child?.kill('SIGKILL');
    this.isPaused = false;
    return this.#end;
  }

  pause(): void {
    this.isPaused = this.#child?.kill('SIGSTOP') ?? false;
  }

  resume(): void {
    this.#child?.kill('SIGCONT');
    this.isPaused = false;
  }

  /** In good order. */
  async stop(): Promise<End> {
    this.#child?.kill('SIGTERM');
    return this.#end;
  }

  #spawn(more: Pick<Setup, 'arm' | 'forget' | 'talks'>): ChildProcess {
    const { name, peer, form, dir, stateDir: state, port, endpoint, seed, gentle, planted } = this.options;
    this.life += 1;
    rmSync(join(dir, 'died-at'), { force: true });
    const setup: Setup = {
      name,
      peer,
      dir,
      stateDir: state,
      port,
      endpoint,
      seed,
      gentle,
      ...more,
      ...(planted === undefined ? {} : { planted }),
    };
    const { entry, armed, embeds } = forms[form];
    const plain = !armed && !embeds;
    const words = plain ? ['up', '--json', '--state-dir', state] : [];
    const log = openSync(join(dir, 'log'), 'a');
    const child = spawn(process.execPath, ['--conditions=source', join(root, entry), ...words], {
      cwd: root,
      env: { ...process.env, ...environmentOf(setup), NO_COLOR: '1', NODE_COMPILE_CACHE: compileCache },
      stdio: plain ? ['ignore', 'pipe', log] : ['ignore', 'pipe', log, 'ipc'],
    });
    this.#child = child;
    this.#end = this.#ended(child);
    return child;
  }

  async #ended(child: ChildProcess): Promise<End> {
    const [code, signal] = await new Promise<readonly [number | null, NodeJS.Signals | null]>((resolve) => {
      child.once('exit', (exitCode, exitSignal) => resolve([exitCode, exitSignal]));
    });
    this.#child = undefined;
    this.#client = undefined;
    const diedAt = join(this.options.dir, 'died-at');
    return { code, signal, point: existsSync(diedAt) ? readFileSync(diedAt, 'utf8') : undefined };
  }

  /** Resolves when it is obeyed, or the process has ended. */
  async #order(order: Order): Promise<void> {
    const child = this.#child;
    if (child?.connected !== true) return;
    const answered = Promise.withResolvers<void>();
    const listen = (answer: unknown): void => {
      if (typeof answer === 'object' && answer !== null && 'done' in answer && answer.done === order.order)
        answered.resolve();
    };
    child.on('message', listen);
    child.send(order, () => {});
    await Promise.race([answered.promise, this.#end]);
    child.off('message', listen);
  }
}

export class DiedAtStart extends Error {
  readonly end: End;

  constructor(name: string, end: End) {
    super(`${name} ended before it was ready: ${end.signal ?? `code ${end.code}`}`);
    this.end = end;
  }
}

/** The port of the local API, which is in the first line that the process prints. */
async function readiness(child: ChildProcess): Promise<number> {
  if (child.stdout === null) throw new Error('The process has no stdout');
  let text = '';
  for await (const line of createInterface({ input: child.stdout })) {
    text += line;
    const port = apiPortIn(text);
    if (port !== undefined) return port;
  }
  return new Promise(() => {});
}

function apiPortIn(text: string): number | undefined {
  try {
    const said = JSON.parse(text) as { readonly api?: { readonly port?: number } };
    return said.api?.port;
  } catch {
    return undefined;
  }
}
