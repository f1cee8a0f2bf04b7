import { codeOf, type ErrorCode, MeshError } from '#kernel';
import { type AgentId, fingerprintOf, publicKeyOf } from '#identity';
import { type HubFacts, hubVersion, supportedVersions } from '#protocol';
import { type BlobAsk, type Link, type LinkHandler, LinkListener } from '#link';
import { Arrivals } from './arrivals.ts';
import { HubCounts } from './hub-counts.ts';
import { HubLinks } from './hub-links.ts';
import type { HubParts } from './hub-parts.ts';
import { HubRates } from './hub-rates.ts';
import { HubService } from './hub-service.ts';

/** What a hub speaks: links without mailboxes are of no use to it. */
const versions = supportedVersions.filter((version) => version >= hubVersion);

/** A process that keeps mailboxes and more for agents, and can read none of it (spec §12). */
export class Hub {
  readonly parts: HubParts;
  readonly counts = new HubCounts();
  readonly links: HubLinks;
  /** What is done with links of agents, whoever listens. */
  readonly handler: LinkHandler;
  /** Takes the connections that agents make. */
  readonly listener: LinkListener;
  readonly #over = new AbortController();
  #sweeping: Promise<void> | undefined;

  constructor(parts: HubParts) {
    this.parts = parts;
    const { clock, limits, random, logger, self } = parts;
    const arrivals = new Arrivals(clock);
    parts.store.mailboxes.onArrival?.((owner) => arrivals.tell(owner));
    const ports = {
      parts,
      rates: new HubRates(clock, limits),
      arrivals,
      counts: this.counts,
      isOpen: () => this.isOpen,
    };
    this.links = new HubLinks(ports);
    const handler = this.#handler(new HubService({ ...ports, links: this.links }));
    this.handler = handler;
    const agents = (agentId: AgentId) => (agentId === self.agentId ? self : undefined);
    this.listener = new LinkListener({ handler, agents, clock, limits, random, logger, versions });
  }

  /** Of its key, for people to compare. */
  get fingerprint(): string {
    return fingerprintOf(publicKeyOf(this.parts.self.agentId)).short;
  }

  get facts(): HubFacts {
    const { self, name, admission } = this.parts;
    return { agentId: self.agentId, name, admission: admission.kind };
  }

  /** False once it takes no more. */
  get isOpen(): boolean {
    return !this.#over.signal.aborted;
  }

  /** Removes what a crash left, and from then on what has expired. */
  async start(): Promise<void> {
    const { store, files } = this.parts;
    // Files first: what another process of this hub puts meanwhile has its row before its bytes.
    const found = await files.list();
    const kept = new Set(await store.blobs.names());
    for (const name of found) if (!kept.has(name)) await files.remove(name);
    this.#sweeping = this.#sweepOften();
  }

  /** Takes no more, answers what came, tells who is linked that it stops, and closes the store. */
  async stop(reason: ErrorCode = 'SHUTTING_DOWN'): Promise<void> {
    const { clock, limits } = this.parts;
    this.#over.abort();
    const done = new AbortController();
    await Promise.race([this.links.idle(), clock.sleep(limits.hubDrainMs, { signal: done.signal })]);
    done.abort();
    this.links.end(reason);
    await this.listener.close(reason);
    await this.#sweeping;
    await this.parts.store.close();
  }

  /** Ends what the agent has here. False when it is no member. */
  async evict(agentId: AgentId): Promise<boolean> {
    const { store, logger } = this.parts;
    const member = await store.agents.find(agentId);
    if (member === undefined || !(await store.agents.evict(agentId))) return false;
    logger.info('hub.agent-evicted', { agentId: member.agentId, name: member.name });
    this.links.session(member.agentId)?.link.close('NOT_ADMITTED');
    return true;
  }

  #handler(service: HubService): LinkHandler {
    const { admission } = this.parts;
    return {
      service,
      // Nobody writes to the hub itself.
      onFrame: async () => ({ kind: 'refused', code: 'WRONG_RECIPIENT' }),
      cardOf: async () => {
        throw new MeshError('NOT_FOUND', 'A hub has no card');
      },
      keyPackageFor: async () => {
        throw new MeshError('NOT_FOUND', 'A hub has no key packages');
      },
      readBlob: (ask, link, parts) => this.#readBlob(ask, link, parts),
      // A member is granted credit as soon as it is known to be one.
      isTrusted: () => admission.guests,
      admit: () => {
        if (!this.isOpen) throw new MeshError('SHUTTING_DOWN');
      },
      onProof: () => {},
      onLink: (link) => this.links.begin(link),
    };
  }

  async #readBlob({ blob, offset, bytes }: BlobAsk, link: Link, parts: readonly Uint8Array[]): Promise<void> {
    const { store, files, clock } = this.parts;
    await this.links.of(link)?.ready;
    const stored = await store.blobs.find(blob, link.remote.agentId, clock.now());
    if (stored === undefined || offset + bytes > stored.size) throw new MeshError('NOT_FOUND');
    const file = await files.open(stored.name);
    if (file === undefined) throw new MeshError('NOT_FOUND');
    try {
      if ((await file.read(offset, parts)) < bytes) throw new MeshError('NOT_FOUND');
    } finally {
      await file.close();
    }
  }

  async #sweepOften(): Promise<void> {
    const { clock, limits, logger } = this.parts;
    const { signal } = this.#over;
    while (!signal.aborted) {
      try {
        await this.#sweep();
      } catch (error) {
        logger.error('hub.sweep-failed', { code: codeOf(error) });
      }
      await clock.sleep(limits.hubSweepMs, { signal }).catch(() => {});
    }
  }

  async #sweep(): Promise<void> {
    const { store, files, clock, limits } = this.parts;
    const now = clock.now();
    for (let removed = 1; removed > 0 && this.isOpen;) {
      removed = await store.mailboxes.sweep(now);
      this.counts.framesExpired += removed;
    }
    for (const name of await store.blobs.dropIdle(now - limits.hubBlobKeptMs)) await files.remove(name);
  }
}
