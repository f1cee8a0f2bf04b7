import { type AgentId, agentIdOf, keyPairFromSeed } from '#identity';
import { Hub, hubLimits, type HubStore } from '#hub';
import type { LinkSelf } from '#link';
import type { FrameId, HubAddress } from '#protocol';
import { beginHubStore, hubMigrations } from '../../src/storage/hub/hub-store.ts';
import { MemoryBlobs } from '../support/memory-blobs.ts';
import { Computer, type Surroundings } from './computer.ts';
import type { Running } from './computer-parts.ts';
import { honest, type Lies, lyingStore } from './lying-store.ts';
import { SeededRandom } from './seeded-random.ts';
import { guardedStore } from './watched-hub-store.ts';

/** What a hub meets beyond its machine. */
export interface HubSurroundings extends Surroundings {
  /** The hub says that it keeps the frame. */
  onStored(hub: HubMachine, frame: FrameId): void;
  /** The hub lied to these agents, or about them. */
  onLie(agents: readonly AgentId[]): void;
}

/** What is left of the machine of a hub when its seed is over. */
export interface HubImage {
  readonly name: string;
  readonly database: Uint8Array;
}

const { maxLinks, maxUnauthenticatedLinks } = hubLimits;

/** The keys of the hubs are the same in every world. */
const keySeed = 0;

/** A computer with a hub on it, as honest as its owner is at the moment. */
export class HubMachine extends Computer<Hub> {
  readonly lies: Lies = { ...honest };
  readonly self: LinkSelf;
  readonly #world: HubSurroundings;

  constructor(name: string, world: HubSurroundings, image?: HubImage) {
    super({ name, world, database: image?.database, steps: hubMigrations });
    this.#world = world;
    const root = keyPairFromSeed(new SeededRandom(keySeed, `keys ${name}`).bytes(32));
    this.self = { agentId: agentIdOf(root.publicKey), root, rotations: [] };
  }

  get address(): HubAddress {
    return { base: `http://${this.name}.test`, hub: this.self.agentId };
  }

  image(): HubImage {
    return { name: this.name, database: this.disk.copy().bytes };
  }

  protected override async begin(running: Running<Hub>): Promise<void> {
    const { life, clock, random } = running;
    const { network, limits } = this.#world;
    // The disk is as the process before left it only after that is over.
    await clock.turn();
    const logger = this.logger(running);
    const { database, wal, ...rest } = this.storage(running);
    const store = await life.guard(beginHubStore({ clock, random, logger, ...rest }, database, wal));
    const hub = new Hub({
      self: this.self,
      name: this.name,
      store: this.#watched(running, store),
      files: new MemoryBlobs(),
      admission: { kind: 'open', allowlist: new Set(), guests: true },
      clock,
      random,
      limits: { ...limits, maxLinks, maxUnauthenticatedLinks },
      logger,
    });
    await life.guard(hub.start());
    running.inside = hub;
    network.listen({ name: this.name, life, accept: (connection) => void hub.listener.accept(connection) });
  }

  protected override async finish({ life }: Running<Hub>, hub: Hub): Promise<void> {
    this.#world.network.leave(this.name);
    await life.guard(hub.stop());
  }

  #watched({ life, random }: Running<Hub>, store: HubStore): HubStore {
    const onStored = (frame: FrameId): void => this.#world.onStored(this, frame);
    const onLie = (...agents: readonly AgentId[]): void => this.#world.onLie(agents);
    return guardedStore({ inner: lyingStore({ inner: store, random, lies: this.lies, onLie }), life, onStored });
  }
}
