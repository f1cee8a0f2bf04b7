import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Clock, defaultLimits, type Limits, type Logger, silentLogger, systemClock, systemRandom } from '#kernel';
import { createFirstAgent, defaultConfig, MeshNode, type NodeConfig, type NodeOptions, stateDir } from '#node';
import { type Handler, inProcessRuntime, type Runtime } from '#runtime';

export interface TestNodeOptions {
  readonly name: string;
  readonly runtime?: Runtime;
  readonly limits?: Partial<Limits>;
  readonly config?: Partial<NodeConfig>;
  readonly logger?: Logger;
  /** With the local API, on any free port; without it the operations are called directly. */
  readonly withApi?: boolean;
  /** Instead of the usual database of the folder. */
  readonly openStore?: NodeOptions['openStore'];
  /** Instead of mDNS. */
  readonly lan?: NodeOptions['lan'];
  /** Instead of that of the machine. */
  readonly clock?: Clock;
}

/** What the steps of a story need of a node. */
export interface NodeLike {
  readonly name: string;
  readonly api: MeshNode['operations'];
  readonly node: Pick<MeshNode, 'events'>;
}

/** A node of one agent in this process, on loopback and a folder of its own; stopped and started again at will. */
export class TestNode implements AsyncDisposable {
  readonly name: string;
  readonly dir: string;
  readonly #options: TestNodeOptions;
  #node: MeshNode | undefined;
  #port = 0;

  private constructor(options: TestNodeOptions, dir: string) {
    this.name = options.name;
    this.dir = dir;
    this.#options = options;
  }

  static async start(options: TestNodeOptions): Promise<TestNode> {
    const dir = mkdtempSync(join(tmpdir(), `mesh-${options.name}-`));
    const test = new TestNode(options, dir);
    const ports = { clock: systemClock, random: systemRandom, limits: test.limits, force: false };
    await createFirstAgent(stateDir(dir), { name: options.name, endpoints: [] }, ports);
    await test.up();
    return test;
  }

  /** A node on a folder that is there already, of an agent of that name. */
  static async on(dir: string, options: TestNodeOptions): Promise<TestNode> {
    const test = new TestNode(options, dir);
    await test.up();
    return test;
  }

  get limits(): Limits {
    return { ...defaultLimits, ...this.#options.limits };
  }

  get node(): MeshNode {
    if (this.#node === undefined) throw new Error(`${this.name} is down`);
    return this.#node;
  }

  get api(): MeshNode['operations'] {
    return this.node.operations;
  }

  get host() {
    const host = this.node.parts.hosts.get(this.name);
    if (host === undefined) throw new Error(`${this.name} is not there`);
    return host;
  }

  get endpoint(): string {
    return this.host.agent.card().endpoints[0] ?? '';
  }

  /** Where it listened last, also while it is down. */
  get lastEndpoint(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** On the same port as before, so that peers find it again. */
  async up(options: { readonly takeOver?: boolean } = {}): Promise<void> {
    const { name, runtime, config, logger = silentLogger, withApi = false, openStore, clock, lan } = this.#options;
    this.#node = await MeshNode.start({
      state: stateDir(this.dir),
      config: { ...defaultConfig, host: '127.0.0.1', port: this.#port, apiPort: 0, ...config },
      logger,
      limits: this.limits,
      withApi,
      openStore,
      clock,
      lan,
      takeOver: options.takeOver,
      ...(runtime === undefined ? {} : { runtimes: { [name]: runtime } }),
    });
    this.#port = this.#node.listening.publicAddress.port;
  }

  /** The same name at the same address with a new identity, as after the loss of the state folder. The node must be down. */
  async forgetEverything(): Promise<void> {
    const ports = { clock: systemClock, random: systemRandom, limits: this.limits, force: true };
    await createFirstAgent(stateDir(this.dir), { name: this.name, endpoints: [] }, ports);
  }

  async down(): Promise<void> {
    await this.#node?.stop();
    this.#node = undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.down();
    rmSync(this.dir, { recursive: true, force: true });
  }
}

export const signal: AbortSignal = new AbortController().signal;

/** Both become peers by invite, each a trusted one of the other unless said otherwise. */
export async function pair(
  inviter: NodeLike,
  joiner: NodeLike,
  tier: 'trusted' | 'bounded' = 'trusted',
): Promise<void> {
  const { invite } = await inviter.api.invite({ tier }, { signal });
  const contact = await joiner.api.join({ invite, tier }, { signal });
  if (contact.state !== 'trusted') throw new Error(`pairing ended in ${contact.state}`);
}

/** Looks again whenever something happened at one of the nodes, until the look gives something. */
export async function eventually<T>(
  nodes: readonly NodeLike[],
  look: () => Promise<T | undefined | false>,
): Promise<T> {
  const stop = new AbortController();
  const streams = nodes.map((node) => node.node.events.subscribe({ signal: stop.signal })[Symbol.asyncIterator]());
  // The stream of a node that went down is at its end, and tells nothing more.
  const told = async (stream: AsyncIterator<unknown>): Promise<void> => {
    if ((await stream.next()).done === true) await new Promise(() => {});
  };
  let pending = streams.map(told);
  try {
    for (;;) {
      const found = await look();
      if (found !== undefined && found !== false) return found;
      // Some changes have no event of their own (a row written after it): so it looks again soon, without keeping a core busy.
      await Promise.race([...pending, systemClock.sleep(2)]);
      pending = streams.map(told);
    }
  } finally {
    stop.abort();
  }
}

export const handledBy = (...handlers: readonly Handler[]): Runtime => inProcessRuntime(...handlers);
