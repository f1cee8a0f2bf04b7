import type { AgentId } from '#identity';

/** Ids that peers had before they took a new key, while this process lives: what was read before the change still names them. */
export class FormerIds {
  readonly #later = new Map<AgentId, AgentId>();

  moved(from: AgentId, to: AgentId): void {
    this.#later.delete(to);
    if (from !== to) this.#later.set(from, to);
  }

  /** The id that the peer has now; the same one when somebody is known by it. */
  present(peer: AgentId, isKnown: (peer: AgentId) => boolean): AgentId {
    const later = this.#later.get(peer);
    return later === undefined || isKnown(peer) ? peer : this.present(later, isKnown);
  }
}
