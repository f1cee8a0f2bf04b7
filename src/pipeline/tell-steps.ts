import type { MessageId } from '#protocol';
import type { StateEvent } from './event.ts';
import type { Lane, PipelinePorts } from './lane.ts';

/** An event of thousands of ids would be dear to keep and to send: more are told in several. */
const idsAtOnce = 256;

type Told = Omit<StateEvent, 'type' | 'ids'>;

/** Tells that these messages took a step, after it was committed. Nothing when there are none. */
export function tellSteps({ emit }: Pick<PipelinePorts, 'emit'>, ids: readonly MessageId[], told: Told): void {
  for (let start = 0; start < ids.length; start += idsAtOnce) {
    emit({ type: 'state', ids: ids.slice(start, start + idsAtOnce), ...told });
  }
}

/** The same for messages of one lane that are on their way. */
export function tellLane(lane: Lane, ids: readonly MessageId[], told: Omit<Told, 'agent' | 'peer'>): void {
  tellSteps(lane.ports, ids, { agent: lane.agent.name, peer: lane.peer, ...told });
}
