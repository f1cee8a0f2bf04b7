import type { MessageId } from '#protocol';
import type { PipelinePorts } from './lane.ts';
import { tellSteps } from './tell-steps.ts';

/** Ends what is over its time, of all agents and peers, and tells. Bounded: call again until it returns 0, the number of messages. */
export async function expireMessages(ports: PipelinePorts): Promise<number> {
  const { store, clock } = ports;
  const ended = await store.transact((tx) => tx.outbox.expire(clock.now()));
  const lanes = new Map<
    string,
    { readonly agent: string; readonly peer: (typeof ended)[number]['peer']; ids: MessageId[] }
  >();
  for (const { agent, peer, id } of ended) {
    const key = `${agent}/${peer}`;
    const lane = lanes.get(key) ?? { agent, peer, ids: [] };
    lane.ids.push(id);
    lanes.set(key, lane);
  }
  for (const { agent, peer, ids } of lanes.values()) {
    tellSteps(ports, ids, { agent, peer, step: 'expired', state: 'expired' });
  }
  return ended.length;
}
