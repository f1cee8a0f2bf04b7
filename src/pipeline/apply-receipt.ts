import type { Receipt } from '#protocol';
import type { Lane } from './lane.ts';
import { filesTaken } from './send-files.ts';
import type { MeshTransaction } from './store.ts';

/** Moves the state of messages that the peer speaks of; what changed is told after the commit. */
export function applyReceipt(lane: Lane, tx: MeshTransaction, receipt: Receipt): void {
  if (receipt.kind === 'files') return filesTaken(lane, tx, receipt);
  const { name: agent } = lane.agent;
  const ids = tx.outbox.applyReceipt({ agent, peer: lane.peer }, receipt);
  if (ids.length === 0) return;
  // The peer refused it for its age alone: what people see is that it expired.
  const step = receipt.kind === 'refused' && receipt.code === 'EXPIRED' ? 'expired' : receipt.kind;
  lane.applied.push({
    type: 'state',
    agent,
    peer: lane.peer,
    ids,
    step,
    state: step,
    ...(receipt.kind === 'refused' ? { reason: receipt.code } : {}),
    ...(receipt.kind === 'answered' ? { answerId: receipt.answerId } : {}),
  });
}
