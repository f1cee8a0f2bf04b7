import { type Clock, type Limits, type Logger, MeshError, type Random } from '#kernel';
import type { AgentId } from '#identity';
import type { FrameOutcome } from '#delivery';
import {
  type BlobAsk,
  type Connection,
  dialWebSocket,
  type Link,
  type LinkHandler,
  LinkListener,
  type LinkPeer,
  type LinkSelf,
  memoryConnections,
} from '#link';
import type { Frame, HubAddress } from '#protocol';
import type { AgentHost } from './agent-host.ts';
import type { DialHow } from './dial-how.ts';
import type { NodeRelay } from './node-relay.ts';

export interface LinkDeskOptions {
  readonly hosts: ReadonlyMap<string, AgentHost>;
  readonly clock: Clock;
  readonly random: Random;
  readonly limits: Limits;
  readonly logger: Logger;
  /** Versions of the link protocol that this node speaks; all without it. */
  readonly versions?: readonly number[] | undefined;
  readonly relay?: NodeRelay | undefined;
}

/** Hands what comes in over links to the agent it is for. */
export class LinkDesk implements LinkHandler {
  readonly listener: LinkListener;
  readonly #options: LinkDeskOptions;

  constructor(options: LinkDeskOptions) {
    this.#options = options;
    const { relay } = options;
    this.listener = new LinkListener({
      ...options,
      handler: this,
      handlerOf: (local) => (local === relay?.self.agentId ? relay.handler : undefined),
      agents: (agentId) => (agentId === relay?.self.agentId ? relay.self : this.#selfOf(agentId)),
    });
  }

  onFrame(frame: Frame, link: Link): Promise<FrameOutcome> {
    return this.#hostOf(link.local).onFrame(frame, link);
  }

  async cardOf(agentId: AgentId): Promise<Uint8Array> {
    return this.#hostOf(agentId).cardBytes();
  }

  keyPackageFor(link: Link): Promise<Uint8Array> {
    return this.#hostOf(link.local).keyPackageFor(link);
  }

  readBlob(ask: BlobAsk, link: Link, parts: readonly Uint8Array[]): Promise<void> {
    return this.#hostOf(link.local).readBlob(ask, link, parts);
  }

  isTrusted(local: AgentId, remote: LinkPeer): boolean {
    return this.#hostOf(local).isTrusted(remote);
  }

  onLink(link: Link): void {
    this.#hostOf(link.local).onLink(link);
  }

  admit(local: AgentId, remote: LinkPeer): void {
    this.#hostOf(local).succession.admit(remote);
  }

  onProof(proof: Uint8Array): void {
    for (const { succession } of this.#options.hosts.values()) void succession.consider(proof);
  }

  /** Two agents of one node talk without a socket, by the same protocol. */
  connectLocal(peer: AgentId): Connection | undefined {
    if (this.#find(peer) === undefined) return undefined;
    const [near, far] = memoryConnections();
    void this.listener.accept(far);
    return near;
  }

  /** A socket to the hub. */
  connectHub({ base }: HubAddress, { signal }: DialHow): Promise<Connection> {
    const { clock, limits } = this.#options;
    return dialWebSocket(base, { clock, limits, signal });
  }

  #selfOf(agentId: AgentId): LinkSelf | undefined {
    return this.#find(agentId)?.agent.linkSelf;
  }

  #hostOf(agentId: AgentId): AgentHost {
    const host = this.#find(agentId);
    if (host === undefined) throw new MeshError('UNKNOWN_AGENT');
    return host;
  }

  #find(agentId: AgentId): AgentHost | undefined {
    for (const host of this.#options.hosts.values()) {
      if (host.agent.agentId === agentId || host.agent.formerIds.includes(agentId)) return host;
    }
    return undefined;
  }
}
