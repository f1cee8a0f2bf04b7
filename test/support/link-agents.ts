import {
  createIds,
  defaultLimits,
  type ErrorCode,
  type Limits,
  MeshError,
  silentLogger,
  systemRandom,
  toUtf8,
} from '#kernel';
import { type AgentId, agentIdOf, keyPairFromSeed, signRotation } from '#identity';
import type { Frame } from '#protocol';
import {
  acceptLink,
  type Connection,
  dialLink,
  type FrameOutcome,
  type Link,
  type LinkHandler,
  type LinkPeer,
  type LinkSelf,
  type LinkService,
} from '#link';
import type { LinkTransport } from './link-transports.ts';
import { ManualClock } from './manual-clock.ts';

/** An agent from a fixed seed. */
export function agent(seed: number): LinkSelf {
  const root = keyPairFromSeed(new Uint8Array(32).fill(seed));
  return { agentId: agentIdOf(root.publicKey), root, rotations: [] };
}

/** The agent after it took a new root key, with the statement that leads there. */
export function rotated(self: LinkSelf, seed: number): LinkSelf {
  const next = agent(seed);
  const step = signRotation({ from: self.root, to: next.root, at: Date.UTC(2026, 0, 1) });
  return { ...next, rotations: [...self.rotations, step] };
}

export const alice = agent(1);
export const bob = agent(2);
export const mallory = agent(3);

const ids = createIds(new ManualClock(), systemRandom);

export function frameFrom(from: AgentId, to: AgentId, size = 100): Frame {
  const createdAt = Date.UTC(2026, 0, 1);
  const bytes = new Uint8Array(size).fill(7);
  return {
    v: 1,
    id: ids.next('frm'),
    kind: 'app',
    from,
    to,
    createdAt,
    expiresAt: createdAt + 1000,
    priority: 'normal',
    bytes,
  };
}

/** `count` frames in order. */
export const framesFrom = (from: AgentId, to: AgentId, count: number): readonly Frame[] =>
  Array.from({ length: count }, () => frameFrom(from, to));

export const countingBytes = (offset: number, length: number): Uint8Array =>
  Uint8Array.from({ length }, (_, index) => (offset + index) % 251);

/** A node's side of links as a test wants it: says `delivered` at once, unless `outcome` is replaced. */
export class FakeHandler implements LinkHandler {
  readonly frames: Frame[] = [];
  readonly links: Link[] = [];
  readonly #waiting: { readonly count: number; resolve(): void }[] = [];
  /** Whether those who are not in `strangers` are trusted. */
  trusted = true;
  readonly strangers = new Set<AgentId>();
  refuseKeyPackage: ErrorCode | undefined;
  outcome: (frame: Frame) => Promise<FrameOutcome> = () => Promise.resolve({ kind: 'delivered' });

  onFrame(frame: Frame): Promise<FrameOutcome> {
    this.frames.push(frame);
    for (const waiting of this.#waiting) if (this.frames.length >= waiting.count) waiting.resolve();
    return this.outcome(frame);
  }

  cardOf(agentId: AgentId): Promise<Uint8Array> {
    return Promise.resolve(toUtf8(`card of ${agentId}`));
  }

  async keyPackageFor(link: Link): Promise<Uint8Array> {
    await Promise.resolve();
    if (this.refuseKeyPackage !== undefined) throw new MeshError(this.refuseKeyPackage);
    return toUtf8(`key package of ${link.local} for ${link.remote.agentId}`);
  }

  /** The blob of the test: byte n is n % 251. */
  readBlob: LinkHandler['readBlob'] = async ({ offset }, _link, parts) => {
    let at = offset;
    for (const part of parts) {
      part.set(countingBytes(at, part.length));
      at += part.length;
    }
  };

  isTrusted(_local: AgentId, remote: LinkPeer): boolean {
    return this.trusted && !this.strangers.has(remote.agentId);
  }

  onLink(link: Link): void {
    this.links.push(link);
  }

  /** Throws for far ends that shall be refused. */
  admit: LinkHandler['admit'] = () => {};

  /** Encoded incarnations that far ends refused with. */
  readonly proofs: Uint8Array[] = [];

  /** Absent, as at a node, unless the test gives one. */
  service: LinkService | undefined;

  onProof(proof: Uint8Array): void {
    this.proofs.push(proof);
  }

  /** Resolves when `count` frames came in all. */
  async received(count: number): Promise<readonly Frame[]> {
    if (this.frames.length < count) {
      await new Promise<void>((resolve) => this.#waiting.push({ count, resolve }));
    }
    return this.frames;
  }
}

export interface LinkEnd {
  readonly self: LinkSelf;
  readonly handler: FakeHandler;
  readonly clock: ManualClock;
  readonly limits: Limits;
  readonly versions?: readonly number[];
}

export function linkEnd(self: LinkSelf, limits: Partial<Limits> = {}): LinkEnd {
  return { self, handler: new FakeHandler(), clock: new ManualClock(), limits: { ...defaultLimits, ...limits } };
}

const ports = { random: systemRandom, logger: silentLogger };

export interface DialAs {
  readonly expect?: AgentId;
  readonly signal?: AbortSignal;
}

/** The dialler's end over a connection; Bob is expected unless another is. */
export const dialAs = (end: LinkEnd, connection: Connection, options: DialAs = {}): Promise<Link> =>
  dialLink({ ...ports, ...end, connection, expect: bob.agentId, ...options });

/** The listener's end over a connection. */
export const acceptAs = (end: LinkEnd, connection: Connection): Promise<Link> =>
  acceptLink({ ...ports, ...end, connection, agents: (agentId) => (isOf(end.self, agentId) ? end.self : undefined) });

const isOf = (self: LinkSelf, agentId: AgentId): boolean =>
  self.agentId === agentId || self.rotations.some(({ from }) => from === agentId);

export interface LinkedPair {
  readonly dialler: LinkEnd & { readonly link: Link; readonly connection: Connection };
  readonly listener: LinkEnd & { readonly link: Link; readonly connection: Connection };
}

/** Two ends with an open link between them. */
export async function linked(
  transport: LinkTransport,
  ends: { readonly dialler?: LinkEnd; readonly listener?: LinkEnd } = {},
): Promise<LinkedPair> {
  const { dialler = linkEnd(alice), listener = linkEnd(bob) } = ends;
  const [near, far] = await transport.connect();
  const [dialled, accepted] = await Promise.all([
    dialAs(dialler, near, { expect: listener.self.agentId }),
    acceptAs(listener, far),
  ]);
  return {
    dialler: { ...dialler, link: dialled, connection: near },
    listener: { ...listener, link: accepted, connection: far },
  };
}
