import type { Receipt } from '#protocol';
import type { Lane } from './lane.ts';
import { filesTaken } from './send-files.ts';
import type { MeshTransaction } from './store.ts';

/** What the peer says of messages that were sent to it; what changed by that is told after the commit. */
export function applyReceipt(lane: Lane, tx: MeshTransaction, receipt: Receipt): void {
  if (receipt.kind === 'files') return filesTaken(lane, tx, receipt);
  const { name: agent } = lane.agent;
  const ids = tx.outbox.applyReceipt({ agent, peer: lane.peer }, receipt);
  if (ids.length === 0) return;
  lane.applied.push({
    type: 'state',
    agent,
    peer: lane.peer,
    ids,
    // The peer refused it for its age alone: what people see is that it expired.
    state: receipt.kind === 'refused' && receipt.code === 'EXPIRED' ? 'expired' : receipt.kind,
    ...(receipt.kind === 'refused' ? { reason: receipt.code } : {}),
    ...(receipt.kind === 'answered' ? { answerId: receipt.answerId } : {}),
  });
}
