import type { PipelinePorts } from './lane.ts';

/** Ends what is over its time, of all agents and peers, and tells. Bounded: call again until it returns 0, the number of messages. */
export async function expireMessages({ store, clock, emit }: PipelinePorts): Promise<number> {
  const ended = await store.transact((tx) =>
    tx.outbox.expire(clock.now()).map(({ agent, id }) => ({ agent, id, peer: tx.outbox.message(agent, id)?.peer })),
  );
  for (const { agent, id, peer } of ended) {
    if (peer !== undefined) emit({ type: 'state', agent, peer, ids: [id], state: 'expired' });
  }
  return ended.length;
}
