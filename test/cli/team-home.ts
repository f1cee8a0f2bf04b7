import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { FakeGateway } from '../support/fake-gateway.ts';
import { type FakeRun, mesh } from './fake-mesh.ts';
import { MeshHome, type MeshResult, type RunningMesh } from '../support/mesh-process.ts';

const variables = [
  'MESH_MY_EMAIL',
  'MESH_TOKENS_FILE',
  'MESH_REGISTRY_FILE',
  'MESH_IM_FALLBACK',
  'MESH_EMAIL_DOMAIN',
  'MESH_MSG_SOFT_LIMIT',
  'MESH_MSG_HARD_LIMIT',
  'MESH_TEAM_GUARD',
  'MESH_SYNC_URL',
  'MESH_SYNC_FILE',
  'MESH_SYNC_COMMAND',
  'MESH_MESSAGE_ID',
  'XDG_CONFIG_HOME',
  'OPENCLAW_ALLOW_INSECURE_PRIVATE_WS',
];

/** The home of Alice, with the files of her team, and the real `mesh` in it. */
export class TeamHome implements AsyncDisposable {
  readonly mesh: MeshHome;
  environment: Readonly<Record<string, string>> = { MESH_MY_EMAIL: 'alice@example.com' };
  readonly tokens: string;

  constructor(mesh = new MeshHome('mesh-team')) {
    this.mesh = mesh;
    this.tokens = join(mesh.dir, '.config', 'agent-team-mesh', 'tokens.json');
  }

  get dir(): string {
    return this.mesh.dir;
  }

  run(...words: readonly string[]): Promise<MeshResult> {
    return this.mesh.run(['team', ...words], { environment: this.#environment });
  }

  /** The same without a process, for what ends before anything waits. */
  quick(...words: readonly string[]): Promise<FakeRun> {
    return mesh(['team', ...words], { environment: { ...this.#environment, AGENT_MESH_HOME: this.mesh.stateDir } });
  }

  /** A person at a terminal, who types that when asked. */
  typing(stdin: string, ...words: readonly string[]): Promise<FakeRun> {
    const environment = { ...this.#environment, AGENT_MESH_HOME: this.mesh.stateDir, NO_COLOR: '1' };
    return mesh(['team', ...words], { environment, stdin, terminal: 80 });
  }

  start(...words: readonly string[]): RunningMesh {
    return this.mesh.start(['team', ...words], { environment: this.#environment });
  }

  /** What it prints with --json, and the code it ends with. */
  async json(...words: readonly string[]): Promise<{ readonly code: number; readonly data: unknown }> {
    const { code, stdout, stderr } = await this.run(...words, '--json');
    return { code, data: JSON.parse(stdout === '' ? stderr : stdout) as unknown };
  }

  write(path: string, text: string, mode = 0o600): string {
    const whole = join(this.dir, path);
    mkdirSync(dirname(whole), { recursive: true });
    writeFileSync(whole, text);
    chmodSync(whole, mode);
    return whole;
  }

  /** Alice herself, and the others by name: each with a gateway, or with fields of its own and perhaps a token. */
  team(others: Readonly<Record<string, FakeGateway | object>>): void {
    const agents = Object.entries(others).map(([name, other]) => {
      const entry = { name, emailPrefix: name.toLowerCase() };
      if (other instanceof FakeGateway) return { ...entry, ip: '127.0.0.1', port: other.port };
      return { ...entry, ...Object.fromEntries(Object.entries(other).filter(([field]) => field !== 'token')) };
    });
    const tokens = Object.entries(others).flatMap(([name, other]) =>
      'token' in other ? [[name.toLowerCase(), other.token]] : [],
    );
    const self = { name: 'Alice', emailPrefix: 'alice', ip: '10.0.0.10' };
    const own = Object.hasOwn(others, 'Alice') ? [] : [self];
    this.write('.config/agent-team-mesh/registry.json', JSON.stringify({ agents: [...own, ...agents] }), 0o644);
    this.write('.config/agent-team-mesh/tokens.json', JSON.stringify({ tokens: Object.fromEntries(tokens) as object }));
  }

  read(path: string): string {
    return readFileSync(join(this.dir, path), 'utf8');
  }

  /** What a person saw, the same on every machine. */
  seen({ stdout, stderr }: MeshResult): string {
    return `${stdout}${stderr}`
      .replaceAll(this.dir, '~')
      .replaceAll(/127\.0\.0\.1:\d+/g, '127.0.0.1:PORT')
      .replaceAll(/ +\d+(\.\d+)? (ms|s)\b/g, ' N ms')
      .replaceAll(/-----[0-9a-f]{16}-----/g, '-----LINE-----');
  }

  get #environment(): Readonly<Record<string, string>> {
    // What the machine says that runs the tests counts for nothing.
    const unset = Object.fromEntries(variables.map((name) => [name, '']));
    return { ...unset, HOME: this.dir, ...this.environment };
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.mesh[Symbol.asyncDispose]();
  }
}
