import { type Clock, type Logger, MeshError, type Random, silentLogger } from '#kernel';
import type { AgentId } from '#identity';
import type { HubBlobFiles, HubStore, HubTotals } from '#hub';
import { NatsAgents } from './agents.ts';
import { NatsBlobPieces } from './blob-pieces.ts';
import { bytesOfBlobs, NatsBlobs } from './blobs.ts';
import type { HubCore } from './hub-core.ts';
import { HubLife } from './hub-life.ts';
import { NatsInvites } from './invites.ts';
import { NatsKeyPackages } from './key-packages.ts';
import { checkServer, hasEqualReplicas, layoutOf, makeStreams } from './layout.ts';
import { NatsMailboxes } from './mailboxes.ts';
import { NatsClient } from './nats-client.ts';
import { NatsRooms } from './rooms.ts';

const defaultRetryMs = 20_000;

export interface NatsHubStoreOptions {
  /** Such as `nats://host:4222`, several separated by commas; with user and password, or a token, before the host. */
  readonly urls: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger?: Logger;
  /** Whose data it is: opened for another hub, it refuses. */
  readonly hub?: AgentId;
  /** Of the names of streams: hubs with different ones share a cluster. By default the path of the first URL, or `mesh`. */
  readonly prefix?: string;
  /** Copies of everything; by default three in a cluster and one without. */
  readonly replicas?: number;
  /** How long a step is tried before it fails. */
  readonly retryMs?: number;
}

/** A store, and the bytes of blobs beside it: both are the cluster's, so that any process of a hub serves any agent. */
export interface NatsHubStore {
  readonly store: HubStore;
  readonly files: HubBlobFiles;
}

/**
 * Opens what a hub keeps on NATS JetStream, or makes it. Throws HUB_STORE_UNREACHABLE, and HUB_STORE_UNSUITABLE when the server is too old.
 */
export async function openNatsHubStore(options: NatsHubStoreOptions): Promise<NatsHubStore> {
  const { urls, clock, random, logger = silentLogger, retryMs = defaultRetryMs } = options;
  const { path, ...connection } = connectionOf(urls);
  const prefix = options.prefix ?? (path || 'mesh');
  const layout = layoutOf(prefix);
  const client = await NatsClient.connect(connection, { clock, random, logger, retryMs });
  try {
    checkServer(client.connection.info ?? { version: '', max_payload: 0 });
    const replicas = await makeStreams(client, prefix, options.replicas);
    const version = client.connection.info?.version ?? '';
    if (replicas > 1 && !hasEqualReplicas(version))
      logger.warn('replicas of this version may drift apart: docs/hub.md', { version });
    const parts: { store?: NatsStore } = {};
    const life = new HubLife({
      client,
      layout,
      replicas,
      onReset: () => parts.store?.reset(),
      onArrival: (owner) => parts.store?.mailboxes.arrived(owner as AgentId),
    });
    const store = new NatsStore(life);
    parts.store = store;
    await life.start();
    await claim(life.core, options.hub);
    return { store, files: new NatsBlobPieces(life.core) };
  } catch (error) {
    await client.close();
    throw error;
  }
}

/** Two hubs with different keys that used the same data would answer for each other. */
async function claim({ directory, index }: HubCore, hub: AgentId | undefined): Promise<void> {
  if (hub === undefined) return;
  await directory().commit(() => {
    const owner = index().hub;
    if (owner === undefined) return { key: 'hub.id', row: { id: hub } };
    if (owner === hub) return undefined;
    throw new MeshError('HUB_STORE_UNSUITABLE', `The streams belong to the hub ${owner}, not to ${hub}`, {
      hint: 'Give this hub its own, as in nats://host:4222/NAME, or the key of that hub: docs/hub.md',
    });
  });
}

interface Connection {
  readonly servers: string[];
  readonly path: string;
  readonly user?: string;
  readonly pass?: string;
  readonly token?: string;
}

/** What stands before the host of the first URL, and behind it, is meant for all. */
export function connectionOf(urls: string): Connection {
  const parsed = urls.split(',').map((url) => {
    const found = URL.parse(url.trim());
    if (found === null || !['nats:', 'tls:'].includes(found.protocol) || found.hostname === '')
      throw new MeshError('INVALID_ARGUMENT', `The store ${url} must be a URL such as nats://127.0.0.1:4222`);
    return found;
  });
  const [first] = parsed;
  const [user, pass] = [decodeURIComponent(first?.username ?? ''), decodeURIComponent(first?.password ?? '')];
  const servers = parsed.map(({ protocol, host }) => `${protocol}//${host}`);
  const common = { servers, path: first?.pathname.replace(/^\//, '') ?? '' };
  if (user === '') return common;
  return pass === '' ? { ...common, token: user } : { ...common, user, pass };
}

class NatsStore implements HubStore {
  readonly agents: NatsAgents;
  readonly mailboxes: NatsMailboxes;
  readonly keyPackages: NatsKeyPackages;
  readonly rooms: NatsRooms;
  readonly blobs: NatsBlobs;
  readonly invites: NatsInvites;
  readonly #life: HubLife;
  readonly #core: HubCore;
  #closing: Promise<void> | undefined;

  constructor(life: HubLife) {
    this.#life = life;
    this.#core = life.core;
    this.mailboxes = new NatsMailboxes(life.core);
    this.keyPackages = new NatsKeyPackages(life.core);
    this.agents = new NatsAgents(life.core, { mailboxes: this.mailboxes, keyPackages: this.keyPackages });
    this.rooms = new NatsRooms(life.core);
    this.blobs = new NatsBlobs(life.core);
    this.invites = new NatsInvites(life.core);
  }

  totals(): Promise<HubTotals> {
    const { directory, index, run } = this.#core;
    return run(async () => {
      await directory().catchUp();
      const { memberCount, rooms, blobs } = index();
      const blobBytes = [...bytesOfBlobs(index()).values()].reduce((sum, bytes) => sum + bytes, 0);
      return {
        agents: memberCount,
        ...(await this.mailboxes.totals()),
        rooms: rooms.size,
        blobs: blobs.size,
        blobBytes,
      };
    });
  }

  /** Nothing that was read over another connection is to be trusted. */
  reset(): void {
    this.mailboxes.reset();
    this.keyPackages.reset();
    this.rooms.reset();
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#life.close();
    await this.#core.client.close();
  }
}
