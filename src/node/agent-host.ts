import { codeOf, type Limits, MeshError } from '#kernel';
import { type AgentId, cardBytes, type VerifiedRotation } from '#identity';
import type { BlobFiles, CourierChange, FrameOutcome } from '#delivery';
import type { BlobAsk, Link, LinkPeer } from '#link';
import {
  answerOf,
  type Desk,
  followRotation,
  type FrameSource,
  freshKeyPackage,
  type Lane,
  type PipelinePorts,
  receiveFrame,
  refused,
  startOf,
} from '#pipeline';
import type { Frame } from '#protocol';
import type { Runtime } from '#runtime';
import { awaitsAnswer, type Contact } from '#trust';
import { FileDesk } from './file-desk.ts';
import type { DialHow } from './dial-how.ts';
import { FormerIds } from './former-ids.ts';
import type { HubDesk } from './hubs/hub-desk.ts';
import { frameSource } from './frame-source.ts';
import type { HostedAgent } from './hosted-agent.ts';
import { InboxRunner } from './inbox-runner.ts';
import { MailDesk } from './mail-desk.ts';
import { makeLane } from './make-lane.ts';
import { endOwnSessions } from './own-key.ts';
import { takeExchange } from './take-exchange.ts';
import { tellNews } from './tell-news.ts';
import { RouteHealth } from './route-health.ts';
import { refuseSuperseded, Succession } from './succession.ts';

export interface AgentHostOptions {
  readonly agent: HostedAgent;
  readonly ports: PipelinePorts;
  readonly runtime: Runtime;
  readonly blobFiles: BlobFiles;
  dial(host: AgentHost, contact: Contact, options: DialHow): Promise<Link>;
  /** Called once, while the host is made. */
  hubsOf(host: AgentHost): HubDesk;
  onChange(host: AgentHost, lane: Lane, change: CourierChange): void;
  onSuperseded(host: AgentHost): void;
}

/** One local agent at work: its lanes to peers, what comes in over its links, and the program that handles its inbox. */
export class AgentHost {
  readonly agent: HostedAgent;
  readonly desk: Desk;
  readonly runner: InboxRunner;
  readonly runtime: Runtime;
  readonly succession: Succession;
  readonly files: FileDesk;
  readonly mail: MailDesk;
  readonly hubs: HubDesk;
  readonly health = new RouteHealth();
  readonly #options: AgentHostOptions;
  readonly #lanes = new Map<AgentId, Lane>();
  readonly #former = new FormerIds();
  /** What must be done before the frames of a link count: following a rotated key. */
  readonly #ready = new WeakMap<Link, Promise<void>>();
  readonly #links = new Set<Link>();
  readonly #sources = new WeakMap<Link, FrameSource>();

  constructor(options: AgentHostOptions) {
    this.agent = options.agent;
    this.desk = { agent: options.agent, ports: options.ports };
    this.runtime = options.runtime;
    this.#options = options;
    const { ports, blobFiles } = options;
    const lanes = { lanes: () => this.lanes, laneOf: (peer: AgentId) => this.lane(peer) };
    this.files = new FileDesk({ agent: this.agent.name, ports, blobFiles, ...lanes, hubs: () => this.hubs });
    this.mail = new MailDesk({
      desk: this.desk,
      isContact: (peer) => this.contact(peer) !== undefined,
      present: (peer) => this.#present(peer),
      laneOf: (peer) => this.lane(peer),
      follow: (chain) => this.#follow(chain),
    });
    this.hubs = options.hubsOf(this);
    this.runner = new InboxRunner({
      agent: options.agent,
      ports: options.ports,
      runtime: options.runtime,
      laneOf: (peer) => this.lane(peer),
      nameOf: (peer) => this.contact(this.#present(peer))?.petname ?? peer,
    });
    this.succession = new Succession({
      desk: this.desk,
      agent: this.agent,
      links: () => this.#links,
      onSuperseded: async () => {
        options.onSuperseded(this);
        await this.stop(options.ports.limits);
      },
    });
  }

  get lanes(): readonly Lane[] {
    return [...this.#lanes.values()];
  }

  contact(peer: AgentId): Contact | undefined {
    return this.desk.ports.store.read.contacts.byAgentId(this.agent.name, peer);
  }

  lane(named: AgentId): Lane {
    const peer = this.#present(named);
    const known = this.#lanes.get(peer);
    if (known !== undefined) return known;
    const { dial, onChange } = this.#options;
    const lane = makeLane(this.desk, peer, {
      dial: async (contact, how) => {
        refuseSuperseded(this.agent);
        return dial(this, contact, how);
      },
      onChange: (changed, change) => onChange(this, changed, change),
      health: this.health,
    });
    this.#lanes.set(peer, lane);
    return lane;
  }

  /** Every trusted peer, and whoever was asked, gets a lane and one attempt to connect; what was on its way goes on. */
  start(): void {
    if (this.agent.successor !== undefined) return;
    for (const { state, pending, agentId } of this.#contacts()) {
      // Also when the time of the request is over: a late answer still counts.
      if (state === 'trusted' || (state === 'requested-out' && pending !== undefined))
        this.lane(agentId).courier.connect();
    }
    this.hubs.start();
    this.runner.start();
    void this.files.start();
  }

  /** Looks after the lanes now and then: one that could not store or seal waits for nothing that would wake it. */
  wakeLanes(): void {
    if (this.agent.successor !== undefined) return;
    for (const contact of this.#contacts()) {
      if (contact.state !== 'trusted' && contact.state !== 'requested-out') continue;
      const lane = this.lane(contact.agentId);
      if (lane.courier.link !== undefined) lane.flushSoon();
      // Also without anything to send: an acceptance may wait at the other side, which may not be able to call us.
      else if (awaitsAnswer(contact, this.desk.ports.clock.now())) lane.courier.connect();
      else lane.courier.wake();
    }
    this.runner.wake();
  }

  async stop(limits: Limits): Promise<void> {
    await this.runner.stop(Math.min(limits.handlerTimeoutMs, 10_000));
    await this.files.stop();
    await this.hubs.stop();
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
    // Our key was replaced during the handshake: what we say in our new name would be refused on this link.
    if (link.local !== this.agent.agentId) {
      link.close();
      return;
    }
    this.#links.add(link);
    void link.closed.then(() => this.#links.delete(link));
    this.#ready.set(link, this.#welcome(link));
  }

  async onFrame(frame: Frame, link: Link): Promise<FrameOutcome> {
    await this.#ready.get(link);
    if (frame.kind === 'request' || frame.kind === 'accept')
      return takeExchange(this.desk, frame, { from: link.remote.agentId });
    if (frame.kind === 'answer') return this.mail.takeAnswers(frame);
    const { agentId } = link.remote;
    // Strangers leave nothing behind, not even a lane.
    if (this.contact(agentId) === undefined) return answerOf(this.desk, agentId, frame) ?? refused('NOT_TRUSTED');
    const lane = this.lane(agentId);
    lane.courier.heard();
    return receiveFrame(lane, frame, this.#sourceOf(link));
  }

  async keyPackageFor(link: Link): Promise<Uint8Array> {
    await this.#ready.get(link);
    if (this.contact(link.remote.agentId)?.state !== 'trusted') throw new MeshError('NOT_TRUSTED');
    const { ports } = this.desk;
    const fresh = await freshKeyPackage(this.agent, ports);
    await ports.store.transact((tx) => fresh.write(tx));
    return fresh.bytes;
  }

  async readBlob(ask: BlobAsk, link: Link, parts: readonly Uint8Array[]): Promise<void> {
    await this.#ready.get(link);
    await this.files.readBlob(link.remote.agentId, ask, parts);
  }

  cardBytes(): Uint8Array {
    return cardBytes(this.agent.card());
  }

  /** After the contact changed: open what is now allowed, end what no longer is. */
  onContact(contact: Contact): void {
    if (contact.state === 'trusted' || contact.state === 'requested-out') {
      const lane = this.lane(contact.agentId);
      lane.isDoubted = contact.refusal !== undefined;
      const wasUp = lane.courier.isUp;
      for (const link of this.#linksOf(contact.agentId)) {
        if (contact.state === 'trusted') link.grant();
        void this.succession.welcome(link);
        if (!lane.courier.isUp) lane.courier.attach(link);
      }
      if (wasUp) tellNews(lane, contact);
      lane.courier.wake();
      lane.flushSoon();
      return;
    }
    // A stranger that asks hears that its request arrived, and nothing of what becomes of it.
    if (contact.state === 'requested-in' || contact.state === 'rejected') return;
    for (const link of this.#linksOf(contact.agentId)) link.close('NOT_TRUSTED');
  }

  /** Makes the device key anew when its time is almost over, or has not begun. */
  async renewDevice(): Promise<void> {
    if (await this.agent.renewDeviceIfDue()) await this.onOwnKeyChanged();
  }

  /** Our own root or device key changed: links are made anew, and the rotation statement travels with them. */
  async onOwnKeyChanged(): Promise<void> {
    await endOwnSessions(
      this.desk,
      this.#contacts().map(({ agentId }) => this.lane(agentId)),
    );
    for (const link of this.#links) link.close();
    for (const lane of this.lanes) lane.courier.retryNow();
  }

  async forgetLane(peer: AgentId): Promise<void> {
    const lane = this.#lanes.get(peer);
    if (lane === undefined) return;
    this.#lanes.delete(peer);
    await this.files.forget(lane);
    await lane.close();
  }

  async #welcome(link: Link): Promise<void> {
    const { agentId, rotations } = link.remote;
    try {
      if (this.contact(agentId) === undefined && rotations.length > 0) await this.#follow(rotations);
    } catch (error) {
      const fields = { agent: this.agent.name, peer: agentId, code: codeOf(error) };
      this.desk.ports.logger.error('rotation.not-followed', fields);
    }
    if (!(await this.succession.welcome(link))) return;
    const contact = this.contact(agentId);
    if (contact?.state === 'trusted' || contact?.state === 'requested-out') this.lane(agentId).courier.attach(link);
  }

  async #follow(chain: readonly VerifiedRotation[]): Promise<void> {
    const start = startOf(this.desk, chain);
    if (start === undefined) return;
    const lane = this.lane(start);
    await lane.serial.run(async () => {
      const moved = (from: AgentId, to: AgentId): void => this.#move(lane, { from, to });
      if ((await followRotation(this.desk, chain, moved)) !== undefined) lane.forgetSessions();
    });
  }

  #move(lane: Lane, { from, to }: { readonly from: AgentId; readonly to: AgentId }): void {
    lane.peer = to;
    this.#lanes.delete(from);
    this.#lanes.set(to, lane);
    this.#former.moved(from, to);
  }

  #present(peer: AgentId): AgentId {
    return this.#former.present(peer, (id) => this.contact(id) !== undefined);
  }

  #contacts(): readonly Contact[] {
    return this.desk.ports.store.read.contacts.list({ agent: this.agent.name });
  }

  #sourceOf(link: Link): FrameSource {
    const source = this.#sources.get(link) ?? frameSource(() => this.#links.has(link));
    this.#sources.set(link, source);
    return source;
  }

  #linksOf(peer: AgentId): readonly Link[] {
    return [...this.#links].filter((link) => link.remote.agentId === peer);
  }
}
