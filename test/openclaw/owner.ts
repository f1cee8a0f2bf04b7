import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '#kernel';
import { NodeApi } from '../../plugins/openclaw/src/node-api.js';
import type { MeshHome } from '../support/mesh-process.ts';
import { fieldsOf, GatewayClient, listOf, textOf } from '../support/openclaw-runtime.ts';
import { Gateway } from './gateway.ts';
import { StubModel } from './stub-model.ts';

const plugin = join(import.meta.dirname, '..', '..', 'plugins', 'openclaw');
/** Nobody is asked. */
const consent = ['--force', '--accept-capabilities'];

/** The plugin as it is published. */
export function pack(folder: string): string {
  const words = ['pack', '--ignore-scripts', '--loglevel=error', '--pack-destination', folder];
  execFileSync('npm', words, { cwd: plugin, stdio: 'ignore', shell: process.platform === 'win32' });
  return join(folder, 'agent-mesh-openclaw-0.1.0.tgz');
}

/** The node of that name runs. */
export async function up(home: MeshHome, name: string): Promise<void> {
  const words = [
    '--host',
    '127.0.0.1',
    '--port',
    '0',
    '--api-port',
    '0',
    '--json',
    '--state-dir',
    join(home.dir, name),
  ];
  await home.start(['up', ...words]).output(/^\}/m);
}

/** Asks again until it is so. */
export async function eventually(look: () => Promise<boolean>): Promise<void> {
  while (!(await look())) await systemClock.sleep(20);
}

export interface Place {
  readonly home: MeshHome;
  /** Of `pack`. */
  readonly archive: string;
  /** Url of the hub by which alone its node is reached. */
  readonly hub?: string;
  /** Of the plugin. */
  readonly settings?: object;
  /** Channels of the gateway, by the id of the plugin that has each. */
  readonly channels?: Readonly<Record<string, object>>;
}

/** Nobody answers there. */
const unreachable = '[node]\nendpoints = ["http://127.0.0.1:9"]\n';

/** One owner: a node, a gateway with the plugin, and the model of its agent. */
export class Owner {
  readonly name: string;
  readonly model: StubModel;
  readonly gateway: Gateway;
  readonly node: NodeApi;

  private constructor(name: string, parts: { model: StubModel; gateway: Gateway; node: NodeApi }) {
    this.name = name;
    this.model = parts.model;
    this.gateway = parts.gateway;
    this.node = parts.node;
  }

  static async start(name: string, { home, archive, hub, settings = {}, channels = {} }: Place): Promise<Owner> {
    const stateDir = join(home.dir, name);
    await home.json(['init', '--name', name, '--state-dir', stateDir]);
    if (hub !== undefined) writeFileSync(join(stateDir, 'mesh.toml'), unreachable);
    await up(home, name);
    if (hub !== undefined) await home.json(['hub-join', hub, '--state-dir', stateDir]);
    const model = await StubModel.start();
    const config = { stateDir, ...settings };
    const allow = ['none', ...Object.keys(channels)];
    const plugins = { allow, slots: { memory: 'none' }, entries: { mesh: { config } } };
    const prepare = (made: Gateway) => made.openclaw('plugins', 'install', `npm-pack:${archive}`, ...consent);
    const gateway = await Gateway.start(name, model, { config: { plugins, channels }, skills: ['mesh'], prepare });
    return new Owner(name, { model, gateway, node: new NodeApi({ stateDir }) });
  }

  /** What the agent of the gateway says at last to what its owner says. */
  async say(message: string): Promise<string> {
    const client = await GatewayClient.open(this.gateway, systemClock);
    try {
      const asked = { message, sessionKey: `agent:main:${this.name}`, idempotencyKey: message, deliver: false };
      const result = await client.request('agent', asked, { final: true });
      return listOf(fieldsOf(result['result'])['payloads'])
        .map(({ text }) => textOf(text))
        .join('\n');
    } finally {
      client.close();
    }
  }

  /** What was said in a session of the gateway, oldest first. */
  async history(sessionKey: string): Promise<readonly string[]> {
    const client = await GatewayClient.open(this.gateway, systemClock);
    try {
      const { messages } = await client.request('chat.history', { sessionKey, limit: 50 });
      return listOf(messages).map(({ content }) => textOf(content) ?? JSON.stringify(content));
    } finally {
      client.close();
    }
  }

  /** What the gateway itself answers to a command in a chat. */
  async chat(message: string): Promise<string> {
    const client = await GatewayClient.open(this.gateway, systemClock);
    const sessionKey = `agent:main:chat-${message.length}`;
    try {
      await client.request('chat.send', { message, sessionKey, idempotencyKey: message });
      for (;;) {
        const { messages } = await client.request('chat.history', { sessionKey, limit: 10 });
        const reply = listOf(messages).findLast(({ role }) => role === 'assistant');
        if (reply !== undefined)
          return listOf(reply['content'])
            .map(({ text }) => textOf(text))
            .join('');
        await systemClock.sleep(50);
      }
    } finally {
      client.close();
    }
  }

  async ask(peer: string, text: string): Promise<string> {
    const { answer } = await this.node.call('ask', { to: peer, text, timeoutMs: 120_000 });
    return answer.body;
  }

  async end(): Promise<void> {
    this.node.close();
    await this.gateway[Symbol.asyncDispose]();
    await this.model[Symbol.asyncDispose]();
  }
}
