import { createIds, defaultLimits, type Limits, silentLogger, systemRandom } from '#kernel';
import { type AgentId, cardBytes, type CardFields, signCard } from '#identity';
import type { Frame, FrameKind } from '#protocol';
import { type Connection, dialLink, type Link, type LinkSelf, memoryConnections } from '#link';
import { Hub, type HubAdmission, type HubStore } from '#hub';
import { openMemoryHubStore } from '../../src/storage/index.ts';
import { agent, FakeHandler } from './link-agents.ts';
import { ManualClock } from './manual-clock.ts';
import { MemoryBlobs } from './memory-blobs.ts';

export interface HubWorldOptions {
  readonly limits?: Partial<Limits>;
  readonly admission?: Partial<HubAdmission>;
  readonly store?: (clock: ManualClock) => Promise<HubStore>;
  readonly files?: MemoryBlobs;
  readonly clock?: ManualClock;
  readonly seed?: number;
}

const base = Date.UTC(2026, 0, 1);
const ids = createIds(new ManualClock(), systemRandom);

/** A hub in memory, and agents that link to it by hand. */
export class HubWorld {
  readonly hub: Hub;
  readonly clock: ManualClock;
  readonly files: MemoryBlobs;
  readonly limits: Limits;

  private constructor(hub: Hub, parts: { readonly clock: ManualClock; readonly files: MemoryBlobs }) {
    this.hub = hub;
    this.clock = parts.clock;
    this.files = parts.files;
    this.limits = hub.parts.limits;
  }

  static async open(options: HubWorldOptions = {}): Promise<HubWorld> {
    const { clock = new ManualClock(), files = new MemoryBlobs() } = options;
    const openStore = options.store ?? (() => openMemoryHubStore({ clock, random: systemRandom }));
    const hub = new Hub({
      self: agent(options.seed ?? 200),
      name: 'team',
      store: await openStore(clock),
      files,
      admission: { kind: 'open', allowlist: new Set(), guests: true, ...options.admission },
      clock,
      random: systemRandom,
      limits: { ...defaultLimits, ...options.limits },
      logger: silentLogger,
    });
    await hub.start();
    return new HubWorld(hub, { clock, files });
  }

  get hubId(): AgentId {
    return this.hub.parts.self.agentId;
  }

  /** A link of the agent, over a connection of its own. */
  async link(self: LinkSelf, connect = memoryConnections): Promise<Link> {
    return (await this.connected(self, connect)).link;
  }

  async connected(self: LinkSelf, connect = memoryConnections): Promise<{ link: Link; connection: Connection }> {
    const [near, far] = connect();
    void this.hub.listener.accept(far);
    const { clock, limits } = this;
    const handler = new FakeHandler();
    const ports = { random: systemRandom, logger: silentLogger, clock, limits };
    const link = await dialLink({ ...ports, handler, connection: near, self, expect: this.hubId });
    return { link, connection: near };
  }

  /** The same, of an agent that registered under the name. */
  async member(self: LinkSelf, name: string): Promise<Link> {
    const link = await this.link(self);
    await link.ask({ op: 'card.put', card: cardOf(self, name) });
    return link;
  }
}

export function cardOf(self: LinkSelf, name: string, facts: Partial<CardFields> = {}): Uint8Array {
  const fields = {
    name,
    devices: [],
    endpoints: [],
    mailboxes: [],
    capabilities: [],
    suites: [],
    seq: 1,
    createdAt: base,
    expiresAt: base + 365 * 86_400_000,
    ...facts,
  };
  return cardBytes(signCard(fields, self.root));
}

export interface FrameFacts {
  readonly kind?: FrameKind;
  readonly size?: number;
  readonly ttlMs?: number;
}

export function mailFrom(
  from: LinkSelf,
  to: LinkSelf,
  { kind = 'app', size = 100, ttlMs = 86_400_000 }: FrameFacts = {},
): Frame {
  return {
    v: 1,
    id: ids.next('frm'),
    kind,
    from: from.agentId,
    to: to.agentId,
    createdAt: base,
    expiresAt: base + ttlMs,
    priority: 'normal',
    bytes: new Uint8Array(size).fill(7),
  };
}

export const fetchAll = { op: 'fetch', after: 0, frames: 1000, bytes: 1_000_000, waitMs: 0 } as const;
