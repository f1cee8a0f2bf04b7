import { codeOf, MeshError } from '#kernel';
import type { AgentId } from '#identity';
import { type Link, MailboxLink } from '#link';
import { type Desk, freshKeyPackage } from '#pipeline';
import { formatHubAddress, type Frame, type HubAddress } from '#protocol';
import { HubLine, type HubLinePorts, type HubLineStatus } from './hub-line.ts';
import { type Membership, readMemberships, writeMemberships } from './memberships.ts';
import { type Relay, type RelayPeer, StandIn } from './stand-in.ts';

export interface HubDeskOptions {
  readonly desk: Desk;
  /** A link of the agent to the hub. */
  dial: HubLinePorts['dial'];
  card(): Uint8Array;
  take(frame: Frame): Promise<void>;
  /** The mailboxes of the agent are others than before: a new card has to say so. */
  onMailboxes(mailboxes: readonly string[]): Promise<void>;
  onChange(membership: Membership, status: HubLineStatus): void;
  /** Peers that keep mailboxes for those whom they trust. */
  relayPeers(): readonly RelayPeer[];
}

/** What to join, and how. */
export interface Joining {
  readonly address: HubAddress;
  readonly name: string;
  readonly invite?: Uint8Array;
  /** The hub is the relay of this peer. */
  readonly relayOf?: AgentId;
}

interface Entry {
  membership: Membership;
  /** Nobody is told of it any more. */
  isLeft?: boolean;
  readonly line: HubLine;
}

interface Guest {
  readonly link: Promise<Link>;
  users: number;
}

/** The hubs of one local agent: those that keep its mailbox, and those that keep the mailbox of somebody it writes to. */
export class HubDesk {
  readonly #options: HubDeskOptions;
  readonly #lines = new Map<AgentId, Entry>();
  readonly #guests = new Map<AgentId, Guest>();
  readonly #standIn: StandIn;
  /** Relays that somebody left while they stood in: not tried again before a hub was back. */
  readonly #declined = new Set<AgentId>();
  #isStarted = false;

  constructor(options: HubDeskOptions) {
    this.#options = options;
    const { agent, ports } = options.desk;
    this.#standIn = this.#makeStandIn();
    for (const membership of readMemberships(ports.store.read.values, agent.name)) this.#add(membership);
  }

  get memberships(): readonly { readonly membership: Membership; readonly status: HubLineStatus }[] {
    return [...this.#lines.values()].map(({ membership, line }) => ({ membership, status: line.status }));
  }

  /** As they stand in a card. */
  get mailboxes(): readonly string[] {
    return [...this.#lines.values()]
      .filter(({ membership, isLeft = false }) => !isLeft && membership.standsIn?.leftAt === undefined)
      .map(({ membership }) => formatHubAddress(membership.address));
  }

  start(): void {
    this.#isStarted = true;
    for (const { line } of this.#lines.values()) line.start();
    if (this.#lines.size === 0) return;
    this.#standIn.notice();
    // A crash may have come between what is stored and the card that says it.
    void this.#tellMailboxes();
  }

  async stop(): Promise<void> {
    this.#isStarted = false;
    await Promise.all([this.#standIn.stop(), ...[...this.#lines.values()].map(({ line }) => line.stop())]);
    for (const { link } of this.#guests.values()) void link.then((open) => open.close('SHUTTING_DOWN')).catch(() => {});
  }

  /**
   * Registers at the hub and keeps the mailbox there from now on. Rejects with what the hub refuses (NOT_ADMITTED, NAME_TAKEN, INVITE_*),
   * and when it cannot be reached; then nothing changed.
   */
  async join({ address, name, invite, relayOf }: Joining) {
    const { clock } = this.#options.desk.ports;
    const joinedAt = this.#lines.get(address.hub)?.membership.joinedAt ?? clock.now();
    const membership = { address, name, joinedAt, ...(relayOf === undefined ? {} : { relayOf }) };
    return this.#join(membership, invite);
  }

  async #join(membership: Membership, invite?: Uint8Array) {
    const { address } = membership;
    const known = this.#lines.get(address.hub);
    // It keeps its place among the others.
    await known?.line.stop();
    const line = this.#add(membership, invite);
    line.start();
    try {
      await line.attempt();
    } catch (error) {
      await line.stop();
      if (known === undefined) this.#lines.delete(address.hub);
      else this.#add(known.membership);
      throw error;
    }
    await this.#store();
    return { membership, status: line.status };
  }

  /** The mailbox there is used no more; what lies in it stays there. Who looks there is told where the agent is now. */
  async leave(hub: AgentId): Promise<void> {
    if (!this.#isJoined(hub)) this.#declined.add(hub);
    await this.#leave(hub);
  }

  async #leave(hub: AgentId): Promise<void> {
    const left = this.#lines.get(hub);
    if (left === undefined) return;
    left.isLeft = true;
    await this.#store();
    await this.#remove(hub);
  }

  /** The open link to a hub that the agent is a member of. Throws NO_HUB, UNREACHABLE. */
  memberLink(hub: AgentId): Link {
    const known = this.#lines.get(hub);
    if (known === undefined) throw new MeshError('NO_HUB');
    const { line, membership } = known;
    if (line.link !== undefined) return line.link;
    throw new MeshError('UNREACHABLE', `No connection to ${membership.address.base}`);
  }

  /** Open links to the hubs that keep things for the agent: those that keep a mailbox of the peer first. */
  keepersFor(mailboxes: readonly HubAddress[]): readonly Link[] {
    const shared = mailboxes.flatMap(({ hub }) => this.#lines.get(hub) ?? []);
    const lines = new Set([...shared, ...this.#lines.values()].map(({ line }) => line));
    return [...lines].flatMap(({ link }) => link ?? []);
  }

  /** False for a hub of the agent while there is no connection to it. */
  mayReach(hub: AgentId): boolean {
    const known = this.#lines.get(hub);
    return known === undefined || known.line.link !== undefined;
  }

  /** The way to an agent whose frames the hub keeps. */
  async mailboxLink(address: HubAddress, agent: AgentId, options: { readonly signal: AbortSignal }): Promise<Link> {
    const member = this.#lines.get(address.hub);
    const route = `hub ${address.base}`;
    if (member !== undefined) return new MailboxLink({ hub: await member.line.attempt(), agent, route });
    const guest = this.#guests.get(address.hub) ?? this.#visit(address, options);
    const hub = await guest.link;
    guest.users += 1;
    const link = new MailboxLink({ hub, agent, route });
    void link.closed.then(() => {
      guest.users -= 1;
      if (guest.users === 0) hub.close();
    });
    return link;
  }

  /** The card changed: the hubs are told. */
  async publish(): Promise<void> {
    const { logger } = this.#options.desk.ports;
    const told = [...this.#lines.values()].map(({ line }) => line.publish());
    for (const result of await Promise.allSettled(told)) {
      if (result.status === 'rejected') logger.warn('hub.card-not-put', { code: codeOf(result.reason) });
    }
  }

  #visit(address: HubAddress, options: { readonly signal: AbortSignal }): Guest {
    const guest: Guest = { link: this.#options.dial(address, options), users: 0 };
    this.#guests.set(address.hub, guest);
    const forget = (): void => {
      if (this.#guests.get(address.hub) === guest) this.#guests.delete(address.hub);
    };
    void guest.link.then(({ closed }) => closed.then(forget), forget);
    return guest;
  }

  #add(membership: Membership, invite?: Uint8Array): HubLine {
    const { address } = membership;
    const { desk, dial, card, take, onChange } = this.#options;
    const { agent, ports } = desk;
    const line: HubLine = new HubLine({
      address,
      invite,
      ports: {
        ...ports,
        dial,
        card,
        take,
        keyPackages: async (count) => {
          const fresh = await Promise.all(Array.from({ length: count }, () => freshKeyPackage(agent, ports)));
          await ports.store.transact((tx) => {
            for (const { write } of fresh) write(tx);
          });
          return fresh.map(({ bytes }) => bytes);
        },
        onChange: () => {
          if (membership.standsIn === undefined && line.link !== undefined) this.#declined.clear();
          onChange(membership, line.status);
          this.#standIn.notice();
        },
      },
    });
    this.#lines.set(address.hub, { membership, line });
    if (this.#isStarted) line.start();
    return line;
  }

  async #remove(hub: AgentId): Promise<void> {
    const known = this.#lines.get(hub);
    this.#lines.delete(hub);
    await known?.line.stop();
  }

  async #store(): Promise<void> {
    const { agent, ports } = this.#options.desk;
    const used = [...this.#lines.values()].filter(({ isLeft = false }) => !isLeft);
    const memberships = used.map(({ membership }) => membership);
    await ports.store.transact((tx) => writeMemberships(tx.values, agent.name, memberships));
    await this.#options.onMailboxes(this.mailboxes);
    await this.publish();
    this.#standIn.notice();
  }

  async #tellMailboxes(): Promise<void> {
    try {
      await this.#options.onMailboxes(this.mailboxes);
    } catch (error) {
      this.#options.desk.ports.logger.warn('hub.card-not-renewed', { code: codeOf(error) });
    }
  }

  #isJoined(hub: AgentId): boolean {
    const known = this.#lines.get(hub);
    return known !== undefined && known.membership.standsIn === undefined;
  }

  get #relay(): Entry | undefined {
    return [...this.#lines.values()].find(({ membership }) => membership.standsIn !== undefined);
  }

  #makeStandIn(): StandIn {
    const { desk, dial, relayPeers } = this.#options;
    return new StandIn({
      ...desk.ports,
      // Those that were joined come back by themselves.
      relayPeers: () =>
        relayPeers().filter(
          ({ addresses }) => !addresses.some(({ hub }) => this.#isJoined(hub) || this.#declined.has(hub)),
        ),
      hasHub: () => {
        const joined = [...this.#lines.values()].filter(({ membership }) => membership.standsIn === undefined);
        return joined.length === 0 ? undefined : joined.some(({ line }) => line.link !== undefined);
      },
      current: () => {
        const relay = this.#relay;
        return relay && { isUp: relay.line.link !== undefined, leftAt: relay.membership.standsIn?.leftAt };
      },
      ping: async (address, signal) => {
        const link = await dial(address, { signal });
        return await link.ping().finally(() => link.close());
      },
      begin: (relay) => this.#stand(relay),
      leave: () => this.#mark({ leftAt: desk.ports.clock.now() }),
      resume: () => this.#mark({}),
      forget: async () => {
        const relay = this.#relay;
        if (relay !== undefined) await this.#leave(relay.membership.address.hub);
      },
    });
  }

  /** In the place of the relay of before, if there is one. */
  async #stand({ peer, name, address }: Relay): Promise<void> {
    const before = this.#relay?.membership.address.hub;
    const joinedAt = this.#options.desk.ports.clock.now();
    await this.#join({ address, name, joinedAt, relayOf: peer, standsIn: {} });
    if (before !== undefined && before !== address.hub) await this.#leave(before);
  }

  async #mark(standsIn: NonNullable<Membership['standsIn']>): Promise<void> {
    const relay = this.#relay;
    if (relay === undefined) return;
    relay.membership = { ...relay.membership, standsIn };
    await this.#store();
  }
}
