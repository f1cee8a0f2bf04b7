import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { connect } from '@nats-io/transport-node';
import { jetstreamManager } from '@nats-io/jetstream';
import { ownPorts } from './own-ports.ts';

/** Where there is no nats-server, what needs one is left out; with MESH_NEED_NATS=1 it fails instead. */
export const hasNatsServer =
  process.env['MESH_NEED_NATS'] === '1' || spawnSync('nats-server', ['--version']).error === undefined;
if (!hasNatsServer) console.error('nats-server is not installed: tests of hubs on NATS are left out');

interface Cluster {
  readonly name: string;
  readonly port: number;
  readonly routes: readonly number[];
}

/** A real nats-server with JetStream on loopback, with a folder of its own, ended by its pid. */
export class NatsServer implements AsyncDisposable {
  readonly port: number;
  #dir: string;
  readonly #cluster: Cluster | undefined;
  #child: ChildProcess | undefined;

  private constructor(dir: string, port: number, cluster?: Cluster) {
    this.#dir = dir;
    this.port = port;
    this.#cluster = cluster;
  }

  static async start(dir = newDir()): Promise<NatsServer> {
    const [port = 0] = await ownPorts(1);
    const server = new NatsServer(dir, port);
    await server.run();
    await server.ready();
    return server;
  }

  /** Three that make one cluster. */
  static async startCluster(): Promise<NatsServer[]> {
    const ports = await ownPorts(6);
    const routes = ports.slice(3);
    const servers = [0, 1, 2].map((number) => {
      const cluster = { name: `n${number}`, port: routes[number] ?? 0, routes };
      return new NatsServer(newDir(), ports[number] ?? 0, cluster);
    });
    await Promise.all(servers.map((server) => server.run()));
    await servers[0]?.ready();
    return servers;
  }

  get url(): string {
    return `nats://127.0.0.1:${this.port}`;
  }

  /** The name that a cluster calls it. */
  get name(): string {
    return this.#cluster?.name ?? '';
  }

  async run(): Promise<void> {
    const words = ['-a', '127.0.0.1', '-p', String(this.port), '-js', '-sd', this.#dir];
    if (this.#cluster !== undefined) {
      const { name, port, routes } = this.#cluster;
      words.push('--server_name', name, '--cluster_name', 'test', '--cluster', `nats://127.0.0.1:${port}`);
      words.push('--routes', routes.map((route) => `nats://127.0.0.1:${route}`).join(','));
    }
    this.#child = spawn('nats-server', words, { stdio: 'ignore' });
    await once(this.#child, 'spawn');
  }

  /** Until JetStream answers. */
  async ready(): Promise<void> {
    for (;;) {
      try {
        const connection = await connect({ servers: `127.0.0.1:${this.port}`, reconnect: false, timeout: 1000 });
        try {
          await (await jetstreamManager(connection, { timeout: 1000 })).getAccountInfo();
          return;
        } finally {
          await connection.close();
        }
      } catch {
        await delay(50);
      }
    }
  }

  /** The name of the server that leads a stream, and what it holds. */
  async stream(name: string): Promise<{ readonly leader: string; readonly messages: number }> {
    const connection = await connect({ servers: `127.0.0.1:${this.port}`, reconnect: false });
    try {
      const manager = await jetstreamManager(connection);
      const { cluster, state } = await manager.streams.info(name);
      return { leader: cluster?.leader ?? '', messages: state.messages };
    } finally {
      await connection.close();
    }
  }

  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.#child?.kill(signal);
  }

  async end(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exit = once(child, 'exit');
    child.kill(signal);
    await exit;
  }

  /** What it holds now, for another server: its files, as soon as it writes no more to them. */
  async copy(): Promise<string> {
    const copy = newDir();
    for (let [before, calm] = ['', 0]; calm < 4;) {
      await delay(50);
      const now = this.#files();
      calm = now === before ? calm + 1 : 0;
      before = now;
    }
    this.signal('SIGSTOP');
    cpSync(this.#dir, copy, { recursive: true });
    this.signal('SIGCONT');
    return copy;
  }

  /** Comes back with what it had when it was copied, as after a loss of power. */
  async goBackTo(copy: string): Promise<void> {
    await this.end('SIGKILL');
    rmSync(this.#dir, { recursive: true, force: true });
    this.#dir = copy;
    await this.run();
    await this.ready();
  }

  #files(): string {
    const names = readdirSync(this.#dir, { recursive: true, encoding: 'utf8' });
    return names.map((name) => `${name} ${statSync(join(this.#dir, name), { throwIfNoEntry: false })?.size}`).join();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end('SIGKILL');
    rmSync(this.#dir, { recursive: true, force: true });
  }
}

const newDir = (): string => mkdtempSync(join(tmpdir(), 'nats-'));
