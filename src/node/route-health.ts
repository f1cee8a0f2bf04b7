import type { AgentId } from '#identity';
import { type PeerHealth, unknownHealth } from '#discovery';

/** What is known of the addresses of peers; replaced as dialling learns more. */
export class RouteHealth {
  readonly #peers = new Map<AgentId, { value: PeerHealth }>();

  of(peer: AgentId): { value: PeerHealth } {
    const known = this.#peers.get(peer) ?? { value: unknownHealth };
    this.#peers.set(peer, known);
    return known;
  }
}
