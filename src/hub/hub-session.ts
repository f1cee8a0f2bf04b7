import { codeOf, equalBytes, MeshError } from '#kernel';
import { type AgentId, encodeIncarnation } from '#identity';
import { type Link, type LinkPeer, superseded } from '#link';
import type { Lookout } from './arrivals.ts';
import type { HubParts } from './hub-parts.ts';
import { MailIntake, type MailPorts } from './mail-intake.ts';
import { PendingAcks } from './pending-acks.ts';
import type { AgentLife, HubAgent, MailPage, Place } from './store.ts';
import { Uploads } from './uploads.ts';

interface EmptyPlace {
  readonly page: MailPage;
  readonly count: number;
}

/** One agent that is linked to the hub. Nothing is done for it before `ready`. */
export class HubSession {
  readonly link: Link;
  readonly agentId: AgentId;
  /** Resolves when it is known what the hub keeps for the agent. Rejects with SUPERSEDED, and with what the store throws. */
  readonly ready: Promise<void>;
  readonly acks = new PendingAcks();
  /** What comes for the agent while it is linked. */
  readonly mail: Lookout;
  readonly #ports: MailPorts;
  #intake: MailIntake | undefined;
  #uploads: Uploads | undefined;
  #member: HubAgent | undefined;
  #isOver = false;
  #empty: EmptyPlace | undefined;

  constructor(link: Link, ports: MailPorts) {
    this.link = link;
    this.agentId = link.remote.agentId;
    this.#ports = ports;
    this.mail = ports.arrivals.lookOut(this.agentId);
    this.ready = this.#begin(ports.parts);
    // Whoever asks is told; the link ends in any case.
    this.ready.catch((error: unknown) => {
      link.close(error instanceof MeshError ? error : codeOf(error));
    });
    void link.closed.then(() => this.#letGo());
  }

  /** Of frames; most agents are linked and send none. */
  get intake(): MailIntake {
    this.#intake ??= new MailIntake(this, this.#ports);
    return this.#intake;
  }

  get uploads(): Uploads {
    this.#uploads ??= new Uploads(this.#ports.parts);
    return this.#uploads;
  }

  /** What a look at that place would find, when nothing was there before and nothing came since; so an agent that waits costs no look. */
  emptyPage({ epoch, after }: Place): MailPage | undefined {
    const { page, count } = this.#empty ?? {};
    // What another process of the hub stores may come without a word.
    if (page === undefined || this.#ports.parts.store.mailboxes.onArrival !== undefined) return undefined;
    const isSame = count === this.mail.count && after === page.after && epoch !== undefined;
    return isSame && equalBytes(epoch, page.epoch) ? page : undefined;
  }

  /** `count` is that of before the look. */
  looked(page: MailPage, count: number): void {
    this.#empty = page.items.length === 0 ? { page, count } : undefined;
  }

  /** Resolves when all frames that came are answered. */
  async idle(): Promise<void> {
    await this.#intake?.idle();
  }

  /** Its link has ended: nobody gets an answer any more. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** What the hub keeps for it; undefined for a guest. */
  get member(): HubAgent | undefined {
    return this.#member;
  }

  /** It registered, or renewed what the hub knows of it. */
  joined(member: HubAgent): void {
    this.#member = member;
    this.link.grant();
  }

  async #letGo(): Promise<void> {
    this.#isOver = true;
    this.mail[Symbol.dispose]();
    try {
      await this.#uploads?.close();
    } catch (error) {
      // What was not synced is asked for again when the upload goes on.
      this.#ports.parts.logger.warn('hub.upload-not-closed', { agentId: this.agentId, code: codeOf(error) });
    }
  }

  async #begin({ store, logger }: HubParts): Promise<void> {
    const { remote } = this.link;
    for (const { from, to } of remote.rotations) {
      if (await store.agents.move(from, to)) logger.info('hub.agent-moved', { from, to });
    }
    const later = await store.agents.keepLife(this.agentId, lifeOf(remote));
    if (later !== undefined) throw superseded(later);
    const member = await store.agents.find(this.agentId);
    // A key that was replaced may be in other hands: what its agent has is for the new one.
    if (member?.agentId === this.agentId) this.joined(member);
  }
}

export function lifeOf({ incarnation }: LinkPeer): AgentLife | undefined {
  if (incarnation === undefined) return undefined;
  return { number: incarnation.number, id: incarnation.id, encoded: encodeIncarnation(incarnation) };
}

/** The member at the far end. Throws NOT_ADMITTED to a guest. */
export function memberOf({ member }: HubSession): HubAgent {
  if (member === undefined) throw new MeshError('NOT_ADMITTED', 'The agent is not registered at this hub');
  return member;
}
