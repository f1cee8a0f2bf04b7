import { type Clock, defaultLimits, type Limits, MeshError, silentLogger, systemClock, systemRandom } from '#kernel';
import { Hub, type HubAdmission, type HubStore } from '#hub';
import { type Connection, dialLink, type Link, type LinkSelf, memoryConnections } from '#link';
import { openMemoryHubStore } from '../../src/storage/index.ts';
import { agent, FakeHandler } from './link-agents.ts';
import { MemoryBlobs } from './memory-blobs.ts';

export interface TestHubOptions {
  readonly name?: string;
  readonly seed?: number;
  readonly admission?: Partial<HubAdmission>;
  readonly limits?: Partial<Limits>;
  readonly clock?: Clock;
  /** Instead of one in memory. */
  readonly store?: HubStore;
}

/** A real hub that nodes reach through memory, at `http://NAME.test`. */
export class TestHub implements AsyncDisposable {
  readonly name: string;
  readonly base: string;
  readonly self: LinkSelf;
  readonly hub: Hub;
  /** Nodes that cannot reach it. */
  readonly hiddenFrom = new Set<string>();
  /** The bytes of blobs. */
  readonly files: MemoryBlobs;
  readonly #connections = new Map<Connection, string>();
  #isGone = false;

  private constructor(hub: Hub, { self, files }: { readonly self: LinkSelf; readonly files: MemoryBlobs }) {
    this.hub = hub;
    this.files = files;
    this.self = self;
    this.name = hub.parts.name;
    this.base = `http://${this.name}.test`;
  }

  static async open(options: TestHubOptions = {}): Promise<TestHub> {
    const { name = 'team', seed = 200, clock = systemClock } = options;
    const self = agent(seed);
    const files = new MemoryBlobs();
    const hub = new Hub({
      self,
      name,
      store: options.store ?? (await openMemoryHubStore({ clock, random: systemRandom })),
      files,
      admission: { kind: 'open', allowlist: new Set(), guests: true, ...options.admission },
      clock,
      random: systemRandom,
      limits: { ...defaultLimits, ...options.limits },
      logger: silentLogger,
    });
    await hub.start();
    return new TestHub(hub, { self, files });
  }

  get address() {
    return { base: this.base, hub: this.self.agentId };
  }

  /** Throws UNREACHABLE while it is gone. */
  connect(from: string): Connection {
    if (this.#isGone || this.hiddenFrom.has(from)) throw new MeshError('UNREACHABLE', `${this.name} is gone`);
    const [near, far] = memoryConnections();
    this.#connections.set(near, from);
    void near.closed.then(() => this.#connections.delete(near));
    void this.hub.listener.accept(far);
    return near;
  }

  /** A link of whoever has these keys. */
  async linkAs(self: LinkSelf): Promise<Link> {
    const { clock, limits, random, logger } = this.hub.parts;
    const ports = { clock, limits, random, logger, handler: new FakeHandler() };
    const link = await dialLink({ ...ports, connection: this.connect('somebody'), self, expect: this.self.agentId });
    await link.ask({ op: 'presence', agents: [self.agentId] });
    return link;
  }

  /** Connections break, and nobody gets a new one until it comes back. */
  vanish(): void {
    this.#isGone = true;
    for (const connection of this.#connections.keys()) connection.cut();
  }

  comeBack(): void {
    this.#isGone = false;
  }

  /** As when the cable of a node is pulled. */
  cut(name: string): void {
    for (const [connection, from] of this.#connections) if (from === name) connection.cut();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.hub.stop();
  }
}
