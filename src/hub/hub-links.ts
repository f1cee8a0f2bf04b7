import type { ErrorCode } from '#kernel';
import type { AgentId } from '#identity';
import type { Link } from '#link';
import type { HubCounts } from './hub-counts.ts';
import { HubSession } from './hub-session.ts';
import type { MailPorts } from './mail-intake.ts';

/** Who is linked: one session an agent, the newest (spec §12.1). */
export class HubLinks {
  readonly #ports: MailPorts;
  readonly #counts: HubCounts;
  readonly #sessions = new Map<AgentId, HubSession>();
  readonly #byLink = new WeakMap<Link, HubSession>();
  /** Those of agents that are no members, the oldest first. */
  readonly #guests = new Set<HubSession>();

  constructor(ports: MailPorts) {
    this.#ports = ports;
    this.#counts = ports.counts;
  }

  get size(): number {
    return this.#sessions.size;
  }

  begin(link: Link): void {
    const session = new HubSession(link, this.#ports);
    const { agentId } = session;
    const older = this.#sessions.get(agentId);
    this.#sessions.set(agentId, session);
    this.#byLink.set(link, session);
    void session.ready.then(
      () => this.#boundGuests(session),
      () => {},
    );
    void link.closed.then(() => {
      this.#guests.delete(session);
      if (this.#sessions.get(agentId) === session) this.#sessions.delete(agentId);
    });
    if (older === undefined) return;
    this.#counts.linksReplaced += 1;
    older.link.close('LINK_REPLACED');
  }

  /** Resolves when all frames that came are answered. */
  async idle(): Promise<void> {
    await Promise.all([...this.#sessions.values()].map((session) => session.idle()));
  }

  /** Ends all of them, whoever took their connections. */
  end(reason: ErrorCode): void {
    for (const { link } of this.#sessions.values()) link.close(reason);
  }

  of(link: Link): HubSession | undefined {
    return this.#byLink.get(link);
  }

  session(agentId: AgentId): HubSession | undefined {
    return this.#sessions.get(agentId);
  }

  /** However many keys somebody makes: the connections of members are not for guests. */
  #boundGuests(session: HubSession): void {
    if (session.member !== undefined) return;
    this.#guests.add(session);
    const { maxHubGuestLinks } = this.#ports.parts.limits;
    if (this.#guests.size <= maxHubGuestLinks) return;
    // Some have become members since.
    for (const guest of this.#guests) if (guest.member !== undefined) this.#guests.delete(guest);
    const [oldest] = this.#guests;
    if (this.#guests.size <= maxHubGuestLinks || oldest === undefined) return;
    this.#guests.delete(oldest);
    oldest.link.close('RATE_LIMITED');
  }
}
