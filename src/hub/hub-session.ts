import { codeOf, MeshError } from '#kernel';
import { type AgentId, encodeIncarnation } from '#identity';
import { type Link, type LinkPeer, superseded } from '#link';
import type { HubParts } from './hub-parts.ts';
import { MailIntake, type MailPorts } from './mail-intake.ts';
import { PendingAcks } from './pending-acks.ts';
import type { AgentLife, HubAgent } from './store.ts';
import { Uploads } from './uploads.ts';

/** One agent that is linked to the hub. Nothing is done for it before `ready`. */
export class HubSession {
  readonly link: Link;
  readonly agentId: AgentId;
  /** Resolves when it is known what the hub keeps for the agent. Rejects with SUPERSEDED, and with what the store throws. */
  readonly ready: Promise<void>;
  readonly acks = new PendingAcks();
  readonly #ports: MailPorts;
  #intake: MailIntake | undefined;
  #uploads: Uploads | undefined;
  #member: HubAgent | undefined;

  constructor(link: Link, ports: MailPorts) {
    this.link = link;
    this.agentId = link.remote.agentId;
    this.#ports = ports;
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

  /** Resolves when all frames that came are answered. */
  async idle(): Promise<void> {
    await this.#intake?.idle();
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
