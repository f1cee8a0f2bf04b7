import { MeshError } from '#kernel';
import { appendAudit } from '#audit';
import type { OutboxMessage } from '#delivery';
import type { Lane } from './lane.ts';
import { tellLane } from './tell-steps.ts';

/**
 * Takes a message back that was never encrypted: no byte of it can have left. Throws WRONG_STATE for every other one, with what became
 * of it.
 */
export async function cancelMessage(lane: Lane, { id }: OutboxMessage): Promise<void> {
  const { store, clock } = lane.ports;
  const { name: agent } = lane.agent;
  // In line with sealing, which reads messages before it binds them to a frame.
  await lane.serial.run(async () => {
    const at = clock.now();
    await store.transact((tx) => {
      if (!tx.outbox.cancel(agent, id, at)) throw cannot(tx.outbox.message(agent, id), id);
      appendAudit(tx.audit, { at, agent, kind: 'message.cancelled', data: { peer: lane.peer, messages: [id] } });
    });
    tellLane(lane, [id], { step: 'cancelled', state: 'cancelled' });
  });
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
