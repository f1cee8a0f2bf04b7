import type { AgentId } from '#identity';
import { Courier } from '#delivery';
import { type Desk, flushLane, Lane } from '#pipeline';
import { lanePorts, type LaneWiring } from './lane-ports.ts';

/** The lane of a local agent to a peer, with what waits for the peer in the store. */
export function makeLane(desk: Desk, peer: AgentId, wiring: Omit<LaneWiring, 'desk' | 'lane'>): Lane {
  const { agent, ports } = desk;
  const { clock, random, limits, logger, store } = ports;
  const makeCourier = (lane: Lane): Courier =>
    new Courier({ clock, random, limits, logger, ports: lanePorts({ ...wiring, desk, lane }) });
  const lane = new Lane({ agent, peer, ports, makeCourier });
  const scope = { agent: agent.name, peer };
  lane.hasStored = store.read.outbox.waiting({ ...scope, maxBytes: 1, limit: 1 }).length > 0;
  lane.hasReceipts = store.read.outbox.receipts({ ...scope, limit: 1 }).length > 0;
  lane.isDoubted = store.read.contacts.byAgentId(agent.name, peer)?.refusal !== undefined;
  lane.onFlush(flushLane);
  return lane;
}
