import { MeshError } from '#kernel';
import { appendAudit } from '#audit';
import type { Arrival } from './arrivals.ts';
import type { Judged } from './guard-store.ts';
import type { Lane } from './lane.ts';
import { writeSpending } from './message-budget.ts';
import { settle } from './settle.ts';
import type { MeshTransaction } from './store.ts';

/** Accepts a message that waits for the owner: stored, and not sealed before that. Throws OUTBOX_FULL. */
export async function holdMessage(lane: Lane, arrival: Arrival, judged: Judged): Promise<void> {
  const { message, spending } = arrival;
  await settle([arrival], () =>
    lane.ports.store.transact((tx) => {
      checkReviewRoom(lane, tx);
      insertHeld(lane, tx, { message: { ...message, peer: lane.peer }, judged });
      if (spending !== undefined) writeSpending(tx, message, spending);
    }),
  );
  tellHeld(lane, message);
}

function checkReviewRoom({ agent, ports }: Lane, tx: MeshTransaction): void {
  const { maxReviewMessages: most } = ports.limits;
  if (tx.guards.heldCount(agent.name).out < most) return;
  throw new MeshError('OUTBOX_FULL', `${most} messages wait for the owner already, and no more may`, {
    hint: 'Decide about some: mesh review list',
  });
}

/** Its row, what the guard saw in it, and the entry of the log. */
export function insertHeld(
  { ports }: Pick<Lane, 'ports'>,
  tx: MeshTransaction,
  { message, judged }: Pick<Arrival, 'message'> & { readonly judged: Judged },
): void {
  const { agent, peer, id } = message;
  const at = ports.clock.now();
  const seq = tx.outbox.insert({ ...message, isHeld: true });
  tx.guards.put({ direction: 'out', seq }, { ...judged, at });
  const rules = judged.findings.map(({ rule }) => rule);
  appendAudit(tx.audit, { at, agent, kind: 'guard.held', data: { peer, message: id, direction: 'out', rules } });
}

export function tellHeld({ peer, ports }: Lane, { agent, id }: Pick<Arrival['message'], 'agent' | 'id'>): void {
  ports.emit({ type: 'held', direction: 'out', agent, peer, ids: [id] });
}
