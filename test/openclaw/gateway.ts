import { type ChildProcess, spawn, type StdioOptions } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { ownPortWithRoom } from '../support/own-ports.ts';
import type { StubModel } from './stub-model.ts';

/** `openclaw.mjs` of an installed OpenClaw. */
const program = process.env['MESH_OPENCLAW'] ?? '';

export const hasOpenclaw = program !== '' && existsSync(program);

export interface GatewayOptions {
  /** In place of those parts of `openclaw.json`. */
  readonly config?: Readonly<Record<string, unknown>>;
  /** Names of the skills that its agents see. */
  readonly skills?: readonly string[];
  /** What its owner does before it runs. */
  prepare?(gateway: Gateway): Promise<unknown>;
}

/** A real OpenClaw gateway in a folder and process of its own, whose agent `main` thinks with the stub. */
export class Gateway implements AsyncDisposable {
  readonly dir: string;
  readonly port: number;
  readonly token: string;
  #child: ChildProcess | undefined;

  private constructor(dir: string, port: number) {
    this.dir = dir;
    this.port = port;
    this.token = `token-of-${port}`;
  }

  static async start(
    name: string,
    model: StubModel,
    { config = {}, skills = ['none'], prepare }: GatewayOptions = {},
  ): Promise<Gateway> {
    const gateway = new Gateway(mkdtempSync(join(tmpdir(), `gateway-${name}-`)), await ownPortWithRoom());
    for (const folder of ['home', 'workspace']) mkdirSync(join(gateway.dir, folder));
    writeFileSync(join(gateway.dir, 'openclaw.json'), JSON.stringify({ ...gateway.#config(model, skills), ...config }));
    await prepare?.(gateway);
    await gateway.run();
    return gateway;
  }

  get url(): string {
    return `ws://127.0.0.1:${this.port}`;
  }

  get http(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Resolves when it takes requests. */
  async run(): Promise<void> {
    const { dir } = this;
    const log = openSync(join(dir, 'gateway.log'), 'a');
    const stdio: StdioOptions = ['ignore', log, log];
    this.#child = spawn(process.execPath, [program, 'gateway', 'run'], { cwd: dir, stdio, env: this.#environment });
    const ended = once(this.#child, 'exit').then(() => 'ended' as const);
    for (;;) {
      const state = await Promise.race([this.#isReady(), ended]);
      if (state === true) return;
      if (state === 'ended') throw new Error(`The gateway ended: ${this.log.slice(-2000)}`);
      await sleep(100);
    }
  }

  /** What `openclaw WORDS` prints for the owner of the gateway. Throws when it fails. */
  async openclaw(...words: readonly string[]): Promise<string> {
    const child = spawn(process.execPath, [program, ...words], {
      cwd: this.dir,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: this.#environment,
    });
    const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
    if (child.exitCode === null) await once(child, 'exit');
    if (child.exitCode !== 0) throw new Error(`openclaw ${words.join(' ')} failed: ${stdout}${stderr}`);
    return stdout;
  }

  get log(): string {
    return readFileSync(join(this.dir, 'gateway.log'), 'utf8');
  }

  async end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    child.kill(signal);
    await once(child, 'exit');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end('SIGKILL');
    rmSync(this.dir, { recursive: true, force: true, maxRetries: 5 });
  }

  get #environment(): NodeJS.ProcessEnv {
    const { dir } = this;
    return {
      PATH: `${dirname(process.execPath)}:${process.env['PATH'] ?? ''}`,
      HOME: join(dir, 'home'),
      OPENCLAW_STATE_DIR: join(dir, 'state'),
      OPENCLAW_CONFIG_PATH: join(dir, 'openclaw.json'),
      OPENCLAW_DISABLE_BONJOUR: '1',
      OPENCLAW_NO_RESPAWN: '1',
      OPENCLAW_NO_AUTO_UPDATE: '1',
      OPENCLAW_EXEC_SHELL_SNAPSHOT: '0',
      DO_NOT_TRACK: '1',
      CI: '1',
      NO_COLOR: '1',
    };
  }

  async #isReady(): Promise<boolean> {
    try {
      return (await fetch(`http://127.0.0.1:${this.port}/readyz`)).ok;
    } catch {
      return false;
    }
  }

  #config(model: StubModel, skills: readonly string[]): object {
    const { dir, port, token } = this;
    // US dollars for a million tokens.
    const cost = { input: 100, output: 200, cacheRead: 0, cacheWrite: 0 };
    const echo = {
      id: 'echo',
      name: 'Echo',
      reasoning: false,
      input: ['text'],
      contextWindow: 131_072,
      maxTokens: 4096,
    };
    return {
      gateway: {
        mode: 'local',
        port,
        bind: 'loopback',
        auth: { mode: 'token', token },
        controlUi: { enabled: false },
        terminal: { enabled: false },
        tailscale: { mode: 'off' },
        trustedProxies: ['127.0.0.1'],
      },
      update: { checkOnStart: false },
      telemetry: { enabled: false },
      discovery: { mdns: { mode: 'off' } },
      logging: { file: join(dir, 'openclaw.log') },
      models: {
        mode: 'replace',
        catalogRefresh: { enabled: false },
        providers: {
          stub: { baseUrl: model.url, apiKey: 'stub', api: 'openai-completions', models: [{ ...echo, cost }] },
        },
      },
      agents: {
        defaults: {
          model: { primary: 'stub/echo' },
          workspace: join(dir, 'workspace'),
          skipBootstrap: true,
          heartbeat: { every: '0m', target: 'none' },
          skills,
        },
      },
      tools: { toolSearch: false },
      plugins: { allow: ['none'], slots: { memory: 'none' } },
    };
  }
}
