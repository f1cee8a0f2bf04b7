import { codeOf, type ErrorCode, type Limits, MeshError } from '#kernel';
import { type AgentId, cardBytes, encodeIncarnation, type VerifiedIncarnation, type VerifiedRotation } from '#identity';
import { Courier, type CourierChange, type FrameOutcome } from '#delivery';
import { type PeerHealth, unknownHealth } from '#discovery';
import { type Link, type LinkPeer, superseded } from '#link';
import {
  type Desk,
  flushLane,
  followRotation,
  freshKeyPackage,
  Lane,
  type PipelinePorts,
  receiveAccept,
  receiveFrame,
  receiveRequest,
  refused,
  unsealAll,
} from '#pipeline';
import type { Frame } from '#protocol';
import type { Runtime } from '#runtime';
import type { Contact } from '#trust';
import type { HostedAgent } from './hosted-agent.ts';
import { InboxRunner } from './inbox-runner.ts';
import { lanePorts } from './lane-ports.ts';
import { refuseSuperseded, Succession } from './succession.ts';

export interface AgentHostOptions {
  readonly agent: HostedAgent;
  readonly ports: PipelinePorts;
  readonly runtime: Runtime;
  dial(host: AgentHost, contact: Contact, options: { readonly signal: AbortSignal }): Promise<Link>;
  onChange(host: AgentHost, lane: Lane, change: CourierChange): void;
  onExchangeRefused(host: AgentHost, contact: Contact, code: ErrorCode): void;
  onSuperseded(host: AgentHost): void;
}

/** A request or an acceptance of ours has not reached the other node. */
const owesExchange = ({ pending }: Contact): boolean => pending !== undefined && pending.deliveredAt === undefined;

/** One local agent at work: its lanes to peers, what comes in over its links, and the program that handles its inbox. */
export class AgentHost {
  readonly agent: HostedAgent;
  readonly desk: Desk;
  readonly runner: InboxRunner;
  readonly runtime: Runtime;
  readonly succession: Succession;
  readonly #options: AgentHostOptions;
  readonly #lanes = new Map<AgentId, Lane>();
  /** What must be done before the frames of a link count: following a rotated key. */
  readonly #ready = new WeakMap<Link, Promise<void>>();
  readonly #links = new Set<Link>();
  /** Those from which no frame is taken any more, because one could not be stored. */
  readonly #shut = new WeakSet<Link>();
  readonly #health = new Map<AgentId, { value: PeerHealth }>();

  constructor(options: AgentHostOptions) {
    this.agent = options.agent;
    this.desk = { agent: options.agent, ports: options.ports };
    this.runtime = options.runtime;
    this.#options = options;
    this.runner = new InboxRunner({
      agent: options.agent,
      ports: options.ports,
      runtime: options.runtime,
      laneOf: (peer) => this.lane(peer),
      nameOf: (peer) => this.contact(peer)?.petname ?? peer,
    });
    this.succession = new Succession({
      desk: this.desk,
      agent: this.agent,
      linksOf: (peer) => this.#linksOf(peer),
      onSuperseded: (successor) => this.#fallSilent(successor),
    });
  }

  get lanes(): readonly Lane[] {
    return [...this.#lanes.values()];
  }

  /** What is known of the addresses of a peer; replaced as dialling learns more. */
  routeHealth(peer: AgentId): { value: PeerHealth } {
    const known = this.#health.get(peer) ?? { value: unknownHealth };
    this.#health.set(peer, known);
    return known;
  }

  contact(peer: AgentId): Contact | undefined {
    return this.desk.ports.store.read.contacts.byAgentId(this.agent.name, peer);
  }

  lane(peer: AgentId): Lane {
    const known = this.#lanes.get(peer);
    if (known !== undefined) return known;
    const { ports, dial, onChange, onExchangeRefused } = this.#options;
    const { clock, random, limits, logger } = ports;
    const makeCourier = (lane: Lane): Courier =>
      new Courier({
        clock,
        random,
        limits,
        logger,
        ports: lanePorts({
          desk: this.desk,
          lane,
          dial: async (contact, options) => {
            refuseSuperseded(this.agent);
            return dial(this, contact, options);
          },
          onChange: (changed, change) => onChange(this, changed, change),
          onExchangeRefused: (contact, code) => onExchangeRefused(this, contact, code),
        }),
      });
    const lane = new Lane({ agent: this.agent, peer, ports, makeCourier });
    const scope = { agent: this.agent.name, peer };
    lane.hasStored = ports.store.read.outbox.waiting({ ...scope, maxBytes: 1, limit: 1 }).length > 0;
    lane.hasReceipts = ports.store.read.outbox.receipts({ ...scope, limit: 1 }).length > 0;
    lane.onFlush(flushLane);
    this.#lanes.set(peer, lane);
    return lane;
  }

  /** Every trusted peer gets a lane and one attempt to connect; what was on its way goes on. */
  start(): void {
    if (this.agent.successor !== undefined) return;
    for (const contact of this.desk.ports.store.read.contacts.list({ agent: this.agent.name })) {
      if (contact.state === 'trusted' || contact.state === 'requested-out')
        this.lane(contact.agentId).courier.connect();
    }
    this.runner.start();
  }

  async stop(limits: Limits): Promise<void> {
    await this.runner.stop(Math.min(limits.handlerTimeoutMs, 10_000));
    await Promise.all(this.lanes.map((lane) => lane.close()));
    for (const link of this.#links) link.close('SHUTTING_DOWN');
  }

  /** True when frames of this agent may come: it is a peer, or follows from one by rotation. */
  isTrusted(remote: LinkPeer): boolean {
    const ids = [remote.agentId, ...remote.rotations.map(({ from }) => from)];
    return ids.some((id) => this.contact(id)?.state === 'trusted');
  }

  /** A link came up, whichever side dialled. */
  onLink(link: Link): void {
    this.#links.add(link);
    void link.closed.then(() => this.#links.delete(link));
    this.#ready.set(link, this.#welcome(link));
  }

  async onFrame(frame: Frame, link: Link): Promise<FrameOutcome> {
    await this.#ready.get(link);
    if (frame.kind === 'request' || frame.kind === 'accept') return this.#exchange(frame, link);
    const { agentId } = link.remote;
    // Strangers leave nothing behind, not even a lane.
    if (this.contact(agentId) === undefined) return refused('NOT_TRUSTED');
    const lane = this.lane(agentId);
    lane.courier.heard();
    return receiveFrame(lane, frame, {
      isOpen: () => this.#links.has(link) && !this.#shut.has(link),
      shut: () => this.#shut.add(link),
    });
  }

  async keyPackageFor(link: Link): Promise<Uint8Array> {
    await this.#ready.get(link);
    if (this.contact(link.remote.agentId)?.state !== 'trusted') throw new MeshError('NOT_TRUSTED');
    const { ports } = this.desk;
    const fresh = await freshKeyPackage(this.agent, ports);
    await ports.store.transact((tx) => fresh.write(tx));
    return fresh.bytes;
  }

  cardBytes(): Uint8Array {
    return cardBytes(this.agent.card());
  }

  /** After the contact changed: open what is now allowed, end what no longer is. */
  onContact(contact: Contact): void {
    if (contact.state === 'trusted' || contact.state === 'requested-out') {
      const lane = this.lane(contact.agentId);
      const inUse = lane.courier.link;
      for (const link of this.#linksOf(contact.agentId)) {
        if (contact.state === 'trusted') link.grant();
        void this.#learnFrom(link);
        if (lane.courier.link === undefined) lane.courier.attach(link);
      }
      // Two that met before meet again, and the link is older than what is owed.
      if (inUse !== undefined && owesExchange(contact)) {
        // Whoever is not trusted may say one thing on a link: a new request needs a new one.
        if (contact.state === 'requested-out') inUse.close();
        else lane.courier.greetAgain();
      }
      lane.courier.wake();
      lane.flushSoon();
      return;
    }
    // A stranger that asks hears that its request arrived, and nothing of what becomes of it.
    if (contact.state === 'requested-in' || contact.state === 'rejected') return;
    for (const link of this.#linksOf(contact.agentId)) link.close('NOT_TRUSTED');
  }

  /** Our own root or device key changed: sessions end, links are made anew, and the rotation statement travels with them. */
  async onOwnKeyChanged(): Promise<void> {
    const peers = this.desk.ports.store.read.contacts.list({ agent: this.agent.name }).map(({ agentId }) => agentId);
    await Promise.all(
      peers
        .map((peer) => this.lane(peer))
        .map((lane) =>
          lane.serial.run(async () => {
            await this.desk.ports.store.transact((tx) => unsealAll(this.desk, tx, lane.peer));
            lane.forgetSessions();
          }),
        ),
    );
    for (const link of this.#links) link.close();
    for (const lane of this.lanes) lane.courier.retryNow();
  }

  async forgetLane(peer: AgentId): Promise<void> {
    const lane = this.#lanes.get(peer);
    if (lane === undefined) return;
    this.#lanes.delete(peer);
    await lane.close();
  }

  async #welcome(link: Link): Promise<void> {
    const { agentId, rotations } = link.remote;
    try {
      if (this.contact(agentId) === undefined && rotations.length > 0) await this.#follow(agentId, rotations);
    } catch (error) {
      this.desk.ports.logger.error('rotation.not-followed', {
        agent: this.agent.name,
        peer: agentId,
        code: codeOf(error),
      });
    }
    if (!(await this.#learnFrom(link))) return;
    const contact = this.contact(agentId);
    if (contact?.state === 'trusted' || contact?.state === 'requested-out') this.lane(agentId).courier.attach(link);
  }

  /** False when what the link shows of the peer's life could not be stored: then nothing may come of the link. */
  async #learnFrom(link: Link): Promise<boolean> {
    const { incarnation } = link.remote;
    try {
      if (incarnation !== undefined) await this.succession.learn(incarnation);
      return true;
    } catch (error) {
      link.close(codeOf(error));
      return false;
    }
  }

  /** A later life speaks for the agent: whoever is linked hears of it, and nothing is sent or handled here any more. */
  async #fallSilent(successor: VerifiedIncarnation): Promise<void> {
    for (const link of this.#links) link.close(superseded(encodeIncarnation(successor)));
    this.#options.onSuperseded(this);
    await this.stop(this.desk.ports.limits);
  }

  async #follow(to: AgentId, chain: readonly VerifiedRotation[]): Promise<void> {
    const followed = await followRotation(this.desk, to, chain);
    if (followed === undefined) return;
    const lane = this.#lanes.get(followed.from);
    if (lane === undefined) return;
    this.#lanes.delete(followed.from);
    this.#lanes.set(to, lane);
    await lane.serial.run(() => {
      lane.peer = to;
      lane.forgetSessions();
    });
  }

  async #exchange(frame: Frame, link: Link): Promise<FrameOutcome> {
    try {
      if (frame.kind === 'request') await receiveRequest(this.desk, frame);
      else await receiveAccept(this.desk, frame);
      return { kind: 'delivered' };
    } catch (error) {
      const code = codeOf(error);
      this.desk.ports.logger.info('exchange.refused', {
        agent: this.agent.name,
        peer: link.remote.agentId,
        kind: frame.kind,
        code,
      });
      return refused(code);
    }
  }

  #linksOf(peer: AgentId): readonly Link[] {
    return [...this.#links].filter((link) => link.remote.agentId === peer);
  }
}
