import { codeOf, MeshError } from '#kernel';
import type { AgentId } from '#identity';
import { type Link, MailboxLink } from '#link';
import { type Desk, freshKeyPackage } from '#pipeline';
import { formatHubAddress, type Frame, type HubAddress } from '#protocol';
import { HubLine, type HubLinePorts, type HubLineStatus } from './hub-line.ts';
import { type Membership, readMemberships, writeMemberships } from './memberships.ts';

export interface HubDeskOptions {
  readonly desk: Desk;
  /** A link of the agent to the hub. */
  dial: HubLinePorts['dial'];
  card(): Uint8Array;
  take(frame: Frame): Promise<void>;
  /** The mailboxes of the agent are others than before: a new card has to say so. */
  onMailboxes(mailboxes: readonly string[]): Promise<void>;
  onChange(membership: Membership, status: HubLineStatus): void;
}

interface Guest {
  readonly link: Promise<Link>;
  users: number;
}

/** The hubs of one local agent: those that keep its mailbox, and those that keep the mailbox of somebody it writes to. */
export class HubDesk {
  readonly #options: HubDeskOptions;
  readonly #lines = new Map<AgentId, { readonly membership: Membership; readonly line: HubLine }>();
  readonly #guests = new Map<AgentId, Guest>();
  #isStarted = false;

  constructor(options: HubDeskOptions) {
    this.#options = options;
    const { agent, ports } = options.desk;
    for (const membership of readMemberships(ports.store.read.values, agent.name)) this.#add(membership);
  }

  get memberships(): readonly { readonly membership: Membership; readonly status: HubLineStatus }[] {
    return [...this.#lines.values()].map(({ membership, line }) => ({ membership, status: line.status }));
  }

  /** As they stand in a card. */
  get mailboxes(): readonly string[] {
    return [...this.#lines.values()].map(({ membership }) => formatHubAddress(membership.address));
  }

  start(): void {
    this.#isStarted = true;
    for (const { line } of this.#lines.values()) line.start();
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#lines.values()].map(({ line }) => line.stop()));
    for (const { link } of this.#guests.values()) void link.then((open) => open.close('SHUTTING_DOWN')).catch(() => {});
  }

  /**
   * Registers at the hub and keeps the mailbox there from now on. Rejects with what the hub refuses (NOT_ADMITTED, NAME_TAKEN, INVITE_*),
   * and when it cannot be reached; then nothing changed.
   */
  async join(joining: { readonly address: HubAddress; readonly name: string; readonly invite?: Uint8Array }) {
    const { address, name, invite } = joining;
    const { clock } = this.#options.desk.ports;
    const known = this.#lines.get(address.hub);
    if (known !== undefined) await this.#remove(address.hub);
    const membership = { address, name, joinedAt: known?.membership.joinedAt ?? clock.now() };
    const line = this.#add(membership, invite);
    line.start();
    try {
      await line.attempt();
    } catch (error) {
      await this.#remove(address.hub);
      if (known !== undefined) this.#add(known.membership).start();
      throw error;
    }
    await this.#store();
    return { membership, status: line.status };
  }

  /** The mailbox there is used no more; what lies in it stays there. */
  async leave(hub: AgentId): Promise<void> {
    await this.#remove(hub);
    await this.#store();
  }

  /** The open link to a hub that the agent is a member of. Throws NO_HUB, UNREACHABLE. */
  memberLink(hub: AgentId): Link {
    const known = this.#lines.get(hub);
    if (known === undefined) throw new MeshError('NO_HUB');
    const { line, membership } = known;
    if (line.link !== undefined) return line.link;
    throw new MeshError('UNREACHABLE', `No connection to ${membership.address.base}`);
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
        onChange: () => onChange(membership, line.status),
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
    const memberships = [...this.#lines.values()].map(({ membership }) => membership);
    await ports.store.transact((tx) => writeMemberships(tx.values, agent.name, memberships));
    await this.#options.onMailboxes(this.mailboxes);
    await this.publish();
  }
}
