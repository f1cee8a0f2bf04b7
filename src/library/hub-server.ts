import { networkInterfaces } from 'node:os';
import { MeshError, systemClock, systemRandom, toBase64url } from '#kernel';
import { fingerprintOf, isEndpoint, publicKeyOf } from '#identity';
import { packageVersion } from '#host';
import { createHubAdmin, serveHub, type ServingHub } from '#hub';
import { checkHubSettings, type HubSettings, type OpenHub, openHub } from './open-hub.ts';

export interface HubServerOptions extends HubSettings {
  /** Where to listen; all interfaces (0.0.0.0) without it. */
  readonly host?: string;
  /** 7700; 0 for a free one. */
  readonly port?: number;
  /** Where agents reach it, when that is not where it listens. */
  readonly url?: string;
}

interface Running extends OpenHub {
  readonly serving: ServingHub;
}

/**
 * `mesh hub` inside a program. Whoever reaches it may join it (`admission: 'open'`); what it keeps it cannot read, and being a member gives
 * nobody trust.
 */
export class HubServer implements AsyncDisposable {
  readonly #options: HubServerOptions;
  #running: Promise<Running> | undefined;
  #now: Running | undefined;

  /** Throws INVALID_ARGUMENT. */
  constructor(options: HubServerOptions = {}) {
    checkHubSettings(options);
    const { port = 7700, url } = options;
    if (!Number.isInteger(port) || port < 0 || port > 65_535) {
      throw new MeshError('INVALID_ARGUMENT', `A port is a number from 0 to 65535, not ${port}`, {
        hint: 'new HubServer({ port: 7700 })',
      });
    }
    if (url !== undefined && !isEndpoint(url)) {
      throw new MeshError('INVALID_ARGUMENT', `Not an address: ${JSON.stringify(url.slice(0, 200))}`, {
        hint: 'It looks like https://hub.example or http://192.168.1.10:7700',
      });
    }
    this.#options = options;
  }

  /** Resolves when it listens. Rejects with PORT_IN_USE, HUB_RUNNING, KEY_FILE_*, STORE_*. */
  async start(): Promise<this> {
    this.#running ??= this.#start();
    try {
      this.#now = await this.#running;
    } catch (error) {
      this.#running = undefined;
      throw error;
    }
    return this;
  }

  get port(): number {
    return this.#started.serving.address.port;
  }

  /** Where agents reach it. */
  get url(): string {
    return this.#started.serving.url;
  }

  /** For its owner to tell, so that agents can be sure of it. */
  get fingerprint(): string {
    return fingerprintOf(publicKeyOf(this.#started.hub.facts.agentId)).short;
  }

  /** One line that admits one agent, once; `new NetworkHub({ invite })` takes it. */
  async invite(options: { readonly note?: string; readonly expiresInMs?: number } = {}): Promise<string> {
    const { hub, serving } = this.#started;
    const admin = createHubAdmin({ hub, url: () => serving.url, running: true });
    const { invite } = await admin.newInvite({ note: options.note, lifetimeMs: options.expiresInMs });
    return invite;
  }

  /** Names of its members, sorted. */
  async listAgents(): Promise<readonly string[]> {
    const { hub, serving } = this.#started;
    const admin = createHubAdmin({ hub, url: () => serving.url, running: true });
    const names: string[] = [];
    for (let page = await admin.agents({}); page.length > 0; page = await admin.agents({ after: names.at(-1) })) {
      for (const { name } of page) names.push(name);
    }
    return names;
  }

  /** How many sealed frames it took since it began. */
  messageCount(): number {
    return this.#started.hub.counts.framesStored;
  }

  /** Lets what came become durable, tells who is connected, and closes everything. It can be started again. */
  async close(): Promise<void> {
    const running = await this.#running?.catch(() => undefined);
    this.#running = undefined;
    this.#now = undefined;
    await running?.serving.stop();
    running?.release();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  get #started(): Running {
    if (this.#now !== undefined) return this.#now;
    throw new MeshError('HUB_NOT_RUNNING', 'The hub does not run', { hint: 'Start it: await server.start()' });
  }

  async #start(): Promise<Running> {
    const { host = '0.0.0.0', port = 7700, url } = this.#options;
    const open = await openHub(this.#options, systemClock);
    try {
      const serving = await serveHub({
        hub: open.hub,
        host,
        port,
        version: packageVersion(),
        // Nobody knows it: the program itself is the admin.
        token: toBase64url(systemRandom.bytes(32)),
        urlOf: (address) => url ?? urlOf(address),
      });
      await open.hub.start();
      return { ...open, serving };
    } catch (error) {
      await open.hub.stop();
      open.release();
      throw error;
    }
  }
}

/** Where the machine is reached from others, when it listens everywhere. */
function urlOf({ host, port }: { readonly host: string; readonly port: number }): string {
  const isEverywhere = host === '0.0.0.0' || host === '::';
  const found = Object.values(networkInterfaces())
    .flatMap((list) => list ?? [])
    .find(({ internal, family }) => !internal && family === 'IPv4');
  const shown = isEverywhere ? (found?.address ?? '127.0.0.1') : host;
  return shown.includes(':') ? `http://[${shown}]:${port}` : `http://${shown}:${port}`;
}
