import { MeshError } from '#kernel';
import { appendAudit } from '#audit';
import type { OutboxMessage } from '#delivery';
import { decodeMessage } from '#protocol';
import type { Lane } from './lane.ts';
import type { MeshTransaction } from './store.ts';
import { tellLane } from './tell-steps.ts';

/**
 * Takes a message back that was never encrypted: no byte of it can have left. Whoever waits for an answer hears that there will be none.
 * Throws WRONG_STATE for every other one, with what became of it.
 */
export async function cancelMessage(lane: Lane, row: OutboxMessage): Promise<void> {
  const { id } = row;
  const { store, clock } = lane.ports;
  const { name: agent } = lane.agent;
  // In line with sealing, which reads messages before it binds them to a frame.
  await lane.serial.run(async () => {
    const at = clock.now();
    await store.transact((tx) => {
      if (!tx.outbox.cancel(agent, id, at)) throw cannot(tx.outbox.message(agent, id), id);
      appendAudit(tx.audit, { at, agent, kind: 'message.cancelled', data: { peer: lane.peer, messages: [id] } });
      refuseAsked(lane, tx, { row, at });
    });
    tellLane(lane, [id], { step: 'cancelled', state: 'cancelled' });
  });
  if (row.type !== 'response') return;
  lane.hasReceipts = true;
  lane.flushSoon();
}

interface Taken {
  readonly row: OutboxMessage;
  readonly at: number;
}

/** A peer that was told of the answer already goes on waiting for it: it believes no refusal after that. */
function refuseAsked({ agent: { name: agent }, peer }: Lane, tx: MeshTransaction, { row, at }: Taken): void {
  if (row.type !== 'response') return;
  const { correlationId } = decodeMessage(row.body);
  if (correlationId === undefined) return;
  const to = { agent, peer };
  // Nobody hears of an answer that waits for a review.
  if (tx.outbox.withdrawAnswered(to, row.id) || row.state === 'review')
    tx.outbox.queueReceipt(to, { kind: 'refused', messageId: correlationId, code: 'CANCELLED', at });
}

function cannot(message: OutboxMessage | undefined, id: string): MeshError {
  if (message === undefined) return new MeshError('NOT_FOUND', `No message ${id} in the outbox`);
  const hint = `See what became of it: mesh track ${id}`;
  const { state, sealedAt, restoredAt, endedAt } = message;
  if (sealedAt === undefined && restoredAt !== undefined && endedAt === undefined) {
    const text = `The message is from a backup, and may have left after it: it cannot be called back`;
    return new MeshError('WRONG_STATE', text, { hint, data: { state, restoredAt } });
  }
  if (sealedAt === undefined) return new MeshError('WRONG_STATE', `The message is ${state} already`, { hint });
  const since = new Date(sealedAt).toISOString();
  const text = `The message was encrypted at ${since} and may have left already (it is ${state}): it cannot be called back`;
  return new MeshError('WRONG_STATE', text, { hint, data: { state, sealedAt } });
}
