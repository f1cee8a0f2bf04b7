import { appendAudit } from '#audit';
import { seenIn } from '#guard';
import type { NewInboxMessage } from '#delivery';
import type { Judged } from './guard-store.ts';
import type { Lane } from './lane.ts';
import type { MeshTransaction } from './store.ts';

interface Arrived {
  readonly row: NewInboxMessage;
  readonly judged: Judged;
  readonly at: number;
}

/**
 * A message that is new in the inbox and in which the guard saw something, in the transaction that inserts it. True when no program gets it
 * for now: it waits for the owner, or it is a dead letter and its sender hears so.
 */
export function keepBack(lane: Lane, tx: MeshTransaction, { row, judged, at }: Arrived): boolean {
  const { agent, sender: peer, id, correlationId } = row;
  // Another sender may have used the same id.
  const seq = tx.inbox.sameAs(agent, peer, id)?.seq;
  if (seq !== undefined) tx.guards.put({ direction: 'in', seq }, { ...judged, at });
  const { verdict } = judged;
  if (verdict === 'label') return false;
  const from = { agent, sender: peer };
  tx.inbox.holdForReview(from, id);
  const rules = judged.findings.map(({ rule }) => rule);
  const held = { agent, peer, ids: [id], ...(correlationId === undefined ? {} : { request: correlationId }) };
  if (verdict === 'review') {
    appendAudit(tx.audit, { at, agent, kind: 'guard.held', data: { peer, message: id, direction: 'in', rules } });
    lane.applied.push({ type: 'held', direction: 'in', ...held });
    return true;
  }
  tx.inbox.buryHeld(from, id, { error: `The guard saw: ${seenIn(judged.findings)}`, reason: 'GUARD_BLOCKED', at });
  tx.outbox.queueReceipt({ agent, peer }, { kind: 'refused', messageId: id, code: 'GUARD_BLOCKED', at });
  appendAudit(tx.audit, { at, agent, kind: 'guard.blocked', data: { peer, message: id, rules } });
  lane.applied.push({ type: 'buried', ...held, reason: 'GUARD_BLOCKED' });
  return true;
}
