import {
  createIds,
  decodeCbor,
  defaultLimits,
  encodeCbor,
  type Limits,
  Serial,
  silentLogger,
  systemClock,
  systemRandom,
  MeshError,
} from '#kernel';
import {
  type AgentId,
  agentIdOf,
  type AgentSecrets,
  cardBytes,
  type CardFields,
  createSecrets,
  sign,
  signCard,
  type VerifiedCard,
} from '#identity';
import { dialLink, dialWebSocket, type FrameOutcome, type Link, type LinkHandler, type LinkSelf } from '#link';
import {
  decodeBatch,
  decodeContactAccept,
  decodeContactRequest,
  decodeInvite,
  encodeBatch,
  encodeMessage,
  type Frame,
  type FrameKind,
  type Message,
  type NewContactAccept,
  type NewContactRequest,
  type Receipt,
  signContactAccept,
  signContactRequest,
} from '#protocol';
import { createSessionEngine, type SecureSession, type SessionEngine } from '#session';
import { RawPeer } from './raw-peer.ts';
import type { TestNode } from './test-agents.ts';

const ids = createIds(systemClock, systemRandom);
const year = 365 * 24 * 3600 * 1000;

/** Takes larger frames than any node sends or takes, so that too large ones leave here. */
const looseLimits: Limits = { ...defaultLimits, maxFrameBytes: 2 ** 22, maxHandshakeFrameBytes: 2 ** 23 };

/** An agent without a node: its keys are real, its frames are made by hand, and wrong where the test wants. */
export class HostilePeer implements LinkHandler {
  readonly name: string;
  readonly secrets: AgentSecrets;
  readonly engine: SessionEngine;
  /** Everything that came in over its links. */
  readonly received: Frame[] = [];
  readonly receipts: Receipt[] = [];
  readonly messages: Uint8Array[] = [];
  /** What it says to frames; nothing at all while it never resolves. */
  answer: (frame: Frame) => Promise<FrameOutcome> = () => Promise.resolve({ kind: 'delivered' });
  /** The card that it shows on its links, instead of the usual one. */
  shownCard: VerifiedCard | undefined;
  readonly #serial = new Serial();
  readonly #links = new Set<Link>();
  #session: SecureSession | undefined;

  private constructor(name: string, engine: SessionEngine) {
    this.name = name;
    this.engine = engine;
    this.secrets = createSecrets({ random: systemRandom, now: systemClock.now(), limits: defaultLimits });
  }

  static async create(name = 'mallory'): Promise<HostilePeer> {
    return new HostilePeer(name, await createSessionEngine({ random: systemRandom, limits: defaultLimits }));
  }

  get agentId(): AgentId {
    return agentIdOf(this.secrets.root.publicKey);
  }

  get self(): LinkSelf {
    return { agentId: this.agentId, root: this.secrets.root, rotations: [] };
  }

  card(fields: Partial<CardFields> = {}): VerifiedCard {
    const now = systemClock.now();
    const base = { name: this.name, devices: [], endpoints: [], mailboxes: [], capabilities: [], suites: [] };
    return signCard({ ...base, seq: 5, createdAt: now - 1000, expiresAt: now + year, ...fields }, this.secrets.root);
  }

  async keyPackage(): Promise<Uint8Array> {
    const { device, certificate } = this.secrets;
    const self = { agentId: this.agentId, device, certificate };
    return (await this.engine.createKeyPackage(self, systemClock.now())).publicBytes;
  }

  frame(to: AgentId, parts: Partial<Frame> & { readonly kind: FrameKind; readonly bytes: Uint8Array }): Frame {
    const createdAt = systemClock.now();
    const times = { createdAt, expiresAt: createdAt + 60_000 };
    return { v: 1, id: ids.next('frm'), from: this.agentId, to, priority: 'normal', ...times, ...parts };
  }

  /** The bytes of a good contact request but for what is changed. */
  async request(to: AgentId, changed: Partial<NewContactRequest> = {}): Promise<Uint8Array> {
    const nonce = systemRandom.bytes(16);
    return signContactRequest({ ...(await this.#statement(to)), nonce, ...changed });
  }

  /** The bytes of a good acceptance of the last request that came in. */
  async accept(to: AgentId, changed: Partial<NewContactAccept> = {}): Promise<Uint8Array> {
    const asked = this.received.findLast(({ kind }) => kind === 'request');
    const requestNonce = asked === undefined ? systemRandom.bytes(16) : decodeContactRequest(asked.bytes).nonce;
    return signContactAccept({ ...(await this.#statement(to)), requestNonce, ...changed });
  }

  /** The statement with other fields, signed as it should be. */
  resign(statement: Uint8Array, changed: object, context: 'contact-request' | 'contact-accept'): Uint8Array {
    const { signature: _signature, ...unsigned } = {
      ...(decodeCbor(statement) as { signature: Uint8Array }),
      ...changed,
    };
    const data = encodeCbor(unsigned);
    return encodeCbor({ ...unsigned, signature: sign({ context, key: this.secrets.root, data }) });
  }

  /** A link to the node's agent. It keeps to its credit; for one that does not there is `raw`. */
  async connect(node: TestNode): Promise<Link> {
    const connection = await dialWebSocket(node.endpoint, { clock: systemClock, limits: looseLimits });
    const expect = node.host.agent.agentId;
    const ports = { clock: systemClock, random: systemRandom, logger: silentLogger, limits: looseLimits };
    return dialLink({ ...ports, handler: this, connection, self: this.self, expect });
  }

  /** An open link on which everything is said by hand. */
  async raw(node: TestNode): Promise<RawPeer> {
    const peer = await connectRaw(node);
    await peer.dial(this.self, node.host.agent.agentId);
    return peer;
  }

  /** What the node says to the frame on a link of its own: `delivered`, a code, or `closed CODE`. */
  async tell(node: TestNode, frame: Frame): Promise<string> {
    const link = await this.connect(node);
    try {
      return await tellOn(link, frame);
    } finally {
      link.close();
    }
  }

  /** Becomes a trusted peer of the node by an invite. */
  async befriend(node: TestNode): Promise<void> {
    const { invite: text } = await node.api.invite({ tier: 'trusted' }, { signal: new AbortController().signal });
    const to = node.host.agent.agentId;
    const bytes = await this.request(to, { invite: decodeInvite(text) });
    const said = await this.tell(node, this.frame(to, { kind: 'request', bytes }));
    if (said !== 'delivered') throw new Error(`The invite was answered with ${said}`);
  }

  /** Makes a session with the node from a key package of it, over the link. */
  async openSession(link: Link): Promise<void> {
    const { device, certificate } = this.secrets;
    const self = { agentId: this.agentId, device, certificate };
    const peer = link.remote.agentId;
    const keyPackage = await link.takeKeyPackage();
    const { session, welcome } = await this.engine.create({ self, peer, keyPackage, now: systemClock.now() });
    this.#session = session;
    const said = await tellOn(link, this.frame(peer, { kind: 'welcome', bytes: welcome }));
    if (said !== 'delivered') throw new Error(`The welcome was answered with ${said}`);
  }

  message(to: AgentId, changed: Partial<Message> = {}): Message {
    return {
      id: ids.next('msg'),
      type: 'notification',
      from: this.agentId,
      to,
      timestamp: systemClock.now(),
      ttl: 600,
      priority: 'normal',
      conversationId: ids.next('conv'),
      payload: { body: 'hello' },
      ...changed,
    };
  }

  /** A frame with these messages, sealed in the session; nothing of them is checked. */
  sealMessages(to: AgentId, ...messages: readonly Message[]): Promise<Frame> {
    return this.seal(to, encodeBatch({ messages: messages.map(encodeMessage), receipts: [], keyPackages: [] }));
  }

  seal(to: AgentId, plaintext: Uint8Array): Promise<Frame> {
    return this.#serial.run(async () => {
      if (this.#session === undefined) throw new Error('There is no session');
      const step = await this.#session.seal(plaintext);
      this.#session = step.next;
      return this.frame(to, { kind: 'app', bytes: step.bytes });
    });
  }

  async onFrame(frame: Frame): Promise<FrameOutcome> {
    const isKnown = this.received.some(({ id }) => id === frame.id);
    this.received.push(frame);
    if (!isKnown) await this.#serial.run(() => this.#open(frame));
    return this.answer(frame);
  }

  async cardOf(): Promise<Uint8Array> {
    return cardBytes(this.shownCard ?? this.card());
  }

  keyPackageFor(): Promise<Uint8Array> {
    return this.keyPackage();
  }

  readBlob(): Promise<void> {
    return Promise.reject(new MeshError('NOT_FOUND'));
  }

  isTrusted(): boolean {
    return true;
  }

  onLink(link: Link): void {
    this.#links.add(link);
  }

  admit(): void {}

  onProof(): void {}

  /** The nonce of the acceptance that came in last. */
  get acceptedNonce(): Uint8Array | undefined {
    const accept = this.received.findLast(({ kind }) => kind === 'accept');
    return accept && decodeContactAccept(accept.bytes).requestNonce;
  }

  close(): void {
    for (const link of this.#links) link.close();
  }

  async #open(frame: Frame): Promise<void> {
    const session = this.#session;
    if (session === undefined || (frame.kind !== 'app' && frame.kind !== 'commit' && frame.kind !== 'receipt')) return;
    const step = await session.open(frame.bytes, systemClock.now());
    this.#session = step.next;
    if (step.kind !== 'app') return;
    const { messages, receipts } = decodeBatch(step.plaintext);
    this.messages.push(...messages);
    this.receipts.push(...receipts);
  }

  async #statement(to: AgentId) {
    const keyPackage = await this.keyPackage();
    return { card: this.card(), to, at: systemClock.now(), keyPackage, root: this.secrets.root };
  }
}

/** `delivered`, the code of the refusal, or `closed` and the code that the link ended with. */
export async function tellOn(link: Link, frame: Frame): Promise<string> {
  try {
    const outcome = await link.sendFrame(frame);
    return outcome.kind === 'refused' ? outcome.code : outcome.kind;
  } catch {
    return `closed ${(await link.closed)?.code}`;
  }
}

/** A WebSocket to the node on which nothing was said yet. */
export async function connectRaw(node: TestNode): Promise<RawPeer> {
  return new RawPeer(await dialWebSocket(node.endpoint, { clock: systemClock, limits: looseLimits }));
}
