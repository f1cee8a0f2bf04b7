import { codeOf, equalBytes, MeshError, toMeshError } from '#kernel';
import { decodeIncarnation, encodeIncarnation, isLater, type VerifiedIncarnation, verifyIncarnation } from '#identity';
import { appendAudit } from '#audit';
import { type Link, type LinkPeer, superseded } from '#link';
import { changeContact, type Desk } from '#pipeline';
import { lifeOf } from '#trust';
import type { HostedAgent } from './hosted-agent.ts';
import { writeSuccessor } from './life.ts';

export interface SuccessionOptions {
  readonly desk: Desk;
  readonly agent: HostedAgent;
  /** All that are open. */
  links(): Iterable<Link>;
  /** The local agent has nothing to say any more: everything that speaks for it ends. */
  onSuperseded(): Promise<void>;
}

/**
 * Of several machines that were made from backups of one agent only the one that was brought back last may speak (spec 6.9). This
 * keeps peers to their latest life, and ends the local agent when a later life of it turns up.
 */
export class Succession {
  readonly #options: SuccessionOptions;

  constructor(options: SuccessionOptions) {
    this.#options = options;
  }

  /** Throws SUPERSEDED with its proof when the far end, or the local agent, is an earlier life than is known. */
  admit(remote: LinkPeer): void {
    const { agent } = this.#options;
    if (agent.successor !== undefined) throw superseded(encodeIncarnation(agent.successor));
    if (remote.agentId === agent.agentId) {
      this.#meetOwn(remote);
      return;
    }
    const proof = this.#contactOf(remote)?.incarnation;
    if (proof !== undefined && isLater(decodeIncarnation(proof), remote.incarnation)) throw superseded(proof);
  }

  /** What a new link shows is stored before anything of it counts. False when nothing may come of it; then it was closed. */
  async welcome(link: Link): Promise<boolean> {
    const { incarnation } = link.remote;
    try {
      if (incarnation !== undefined) await this.learn(incarnation);
      // The link may have been admitted a moment before a successor was heard of.
      const { successor } = this.#options.agent;
      if (successor !== undefined) throw superseded(encodeIncarnation(successor));
      return true;
    } catch (error) {
      link.close(toMeshError(error));
      return false;
    }
  }

  /** A far end refused with this as proof. It counts for its signature, whoever showed it; anything else is nothing. */
  async consider(proof: Uint8Array): Promise<void> {
    const { agent, desk } = this.#options;
    try {
      const claimed = decodeIncarnation(proof);
      const isOurs = claimed.agentId === agent.agentId;
      if (!isOurs && this.#contactOf({ agentId: claimed.agentId, rotations: [] }) === undefined) return;
      const incarnation = verifyIncarnation(claimed);
      if (isOurs) await this.concede(incarnation);
      else await this.learn(incarnation);
    } catch (error) {
      desk.ports.logger.warn('proof.not-taken', { agent: agent.name, code: codeOf(error) });
    }
  }

  /** The peer showed its life: from now on an earlier one gets nothing. Resolves when that is stored. */
  async learn(incarnation: VerifiedIncarnation): Promise<void> {
    const { desk, links } = this.#options;
    const { agentId } = incarnation;
    const contact = desk.ports.store.read.contacts.byAgentId(desk.agent.name, agentId);
    const bytes = encodeIncarnation(incarnation);
    if (contact === undefined || isLater(lifeOf(contact), incarnation)) return;
    if (contact.incarnation === undefined || !equalBytes(contact.incarnation, bytes)) {
      await changeContact(desk, agentId, { type: 'reborn', incarnation });
      desk.ports.logger.warn('contact.reborn', { agent: desk.agent.name, peer: agentId, asOf: incarnation.asOf });
    }
    for (const link of links()) {
      const { remote } = link;
      if (remote.agentId === agentId && isLater(incarnation, remote.incarnation)) link.close(superseded(bytes));
    }
  }

  /** Ends the local agent here if `successor` is a later life of it. In memory at once, on the disk as soon as it can be. */
  async concede(successor: VerifiedIncarnation): Promise<void> {
    const { agent, desk, links, onSuperseded } = this.#options;
    const { store, clock, logger } = desk.ports;
    if (!agent.concede(successor)) return;
    logger.error('agent.superseded', { agent: agent.name, restoredAt: successor.number, asOf: successor.asOf });
    for (const link of links()) link.close(superseded(encodeIncarnation(successor)));
    const remembered = store.transact((tx) => {
      writeSuccessor(tx.values, agent.name, successor);
      const data = { number: successor.number, asOf: successor.asOf };
      appendAudit(tx.audit, { at: clock.now(), agent: agent.name, kind: 'agent.superseded', data });
    });
    for (const outcome of await Promise.allSettled([remembered, onSuperseded()])) {
      // When it cannot be stored, the next start finds out anew, at the first peer that knows.
      if (outcome.status === 'rejected')
        logger.error('succession.failed', { agent: agent.name, code: codeOf(outcome.reason) });
    }
  }

  /** The same agent at another place: one of the two is the later life. */
  #meetOwn({ incarnation }: LinkPeer): void {
    const own = this.#options.agent.incarnation;
    if (incarnation !== undefined && isLater(incarnation, own)) void this.concede(incarnation);
    if (own !== undefined && isLater(own, incarnation)) throw superseded(encodeIncarnation(own));
  }

  #contactOf({ agentId, rotations }: Pick<LinkPeer, 'agentId' | 'rotations'>) {
    const { desk } = this.#options;
    const { contacts } = desk.ports.store.read;
    const ids = [agentId, ...rotations.map(({ from }) => from).toReversed()];
    return ids.map((id) => contacts.byAgentId(desk.agent.name, id)).find((contact) => contact !== undefined);
  }
}

/** What the owner of a superseded agent gets for everything that would speak for it. */
export function refuseSuperseded({ name, successor }: Pick<HostedAgent, 'name' | 'successor'>): void {
  if (successor === undefined) return;
  const text = `${name} was restored from a backup on another machine, so this one no longer speaks for it`;
  throw new MeshError('SUPERSEDED', text, {
    data: { agent: name, restoredAt: successor.number, asOf: successor.asOf },
  });
}
