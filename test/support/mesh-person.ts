import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { wordsOf } from '../cli/transcript.ts';
import { ownPorts } from './own-ports.ts';
import { MeshHome, type MeshResult } from './mesh-process.ts';

type Json = Readonly<Record<string, unknown>>;

/** Somebody at a terminal of their own, with a node that keeps its port across restarts. */
export class MeshPerson extends MeshHome {
  readonly name: string;
  readonly port: number;

  private constructor(name: string, port: number) {
    super(`mesh-${name}`);
    this.name = name;
    this.port = port;
  }

  /** With an identity, and a mesh.toml that ends with `settings`; the node does not run yet. */
  static async create(name: string, settings = ''): Promise<MeshPerson> {
    const [port = 0] = await ownPorts(1);
    const person = new MeshPerson(name, port);
    await person.say('init', '--name', name, '--port', String(person.port));
    const config = join(person.stateDir, 'mesh.toml');
    const text = readFileSync(config, 'utf8').replace('[node]', '[node]\nhost = "127.0.0.1"\napiPort = 0');
    writeFileSync(config, `${text}\n${settings}`);
    return person;
  }

  static async atWork(name: string, settings = ''): Promise<MeshPerson> {
    const person = await MeshPerson.create(name, settings);
    await person.say('up', '--detach');
    return person;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** What `mesh WORDS` shows. Throws when it fails. */
  async say(...words: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await this.run(words);
    if (code !== 0) throw new Error(`mesh ${words.join(' ')} ended with ${code}: ${stderr}`);
    return stdout;
  }

  /** The object that `mesh WORDS --json` prints. */
  async ask(...words: readonly string[]): Promise<Json> {
    return asObject(await this.json(words));
  }

  /** Runs the command that a hint names, as somebody would who copies it from the line that begins like this. */
  async paste(output: string, beginning: string): Promise<MeshResult> {
    const line = output.split('\n').find((one) => one.includes(beginning));
    const command = /mesh [a-z].*$/.exec(line ?? '')?.[0];
    if (command === undefined) throw new Error(`Nothing to paste after ${beginning} in: ${output}`);
    return this.run(wordsOf(command).slice(1));
  }

  /** Ends the node as a power failure would. */
  kill(): void {
    const pid = this.nodePid();
    if (pid === undefined) throw new Error(`${this.name} runs no node`);
    process.kill(pid, 'SIGKILL');
  }

  async state(id: string): Promise<unknown> {
    return (await this.ask('track', id))['state'];
  }

  /** Resolves when the sent message has come so far. */
  async reaches(id: string, state: string): Promise<void> {
    await until(`${id} is ${state}`, async () => (await this.state(id)) === state);
  }

  /** In order of arrival. */
  async inbox(...flags: readonly string[]): Promise<readonly Json[]> {
    return rowsOf((await this.ask('inbox', ...flags))['messages']);
  }

  async contact(name: string): Promise<Json> {
    return this.ask('contact', name);
  }
}

/** Both become peers: `host` invites, `guest` joins. */
export async function introduce(host: MeshPerson, guest: MeshPerson): Promise<void> {
  const { invite } = await host.ask('invite');
  await guest.ask('join', String(invite));
}

const looks = 100;

/** Looks again and again: each look runs the program, so nothing else is waited for. Rejects when it stays false. */
export async function until(what: string, look: () => Promise<boolean>): Promise<void> {
  for (let n = 0; n < looks; n += 1) if (await look()) return;
  throw new Error(`It did not come to this: ${what}`);
}

export const rowsOf = (value: unknown): readonly Json[] => (Array.isArray(value) ? value.map(asObject) : []);

function asObject(value: unknown): Json {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Error('Not a JSON object');
  return Object.fromEntries(Object.entries(value));
}
