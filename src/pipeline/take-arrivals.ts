import type { PriorityTurns } from '#delivery';
import type { Priority } from '#protocol';
import type { Arrival, Arrivals } from './arrivals.ts';
import type { Lane } from './lane.ts';

export interface Taking {
  readonly turns: PriorityTurns;
  /** Of messages, at most; one goes in any case. */
  readonly maxBytes: number;
}

/** In the order that the turns say, up to one frame's worth; the rest stays. */
export function takeArrivals({ arrivals, ports }: Lane, taking: Taking): readonly Arrival[] {
  const { leaseBatch: limit } = ports.limits;
  if (arrivals.isMixed) return takeMixed(arrivals, { ...taking, limit });
  const taken = arrivals.take(countFitting(arrivals, taking.maxBytes, limit));
  for (const { message } of taken) taking.turns.took(message.priority);
  return taken;
}

function countFitting(arrivals: Arrivals, maxBytes: number, limit: number): number {
  let bytes = 0;
  let count = 0;
  for (const { message } of arrivals) {
    bytes += message.body.length;
    if (count > 0 && (bytes > maxBytes || count >= limit)) break;
    count += 1;
  }
  return count;
}

function takeMixed(arrivals: Arrivals, { turns, maxBytes, limit }: Taking & { limit: number }): readonly Arrival[] {
  const queues = queuesOf(arrivals, limit);
  const taken = new Set<Arrival>();
  let bytes = 0;
  while (taken.size < limit && queues.size > 0) {
    const priority = turns.next(new Set(queues.keys()));
    const queue = queues.get(priority);
    const next = queue?.shift();
    if (next === undefined) break;
    bytes += next.message.body.length;
    if (taken.size > 0 && bytes > maxBytes) break;
    taken.add(next);
    turns.took(priority);
    if (queue?.length === 0) queues.delete(priority);
  }
  arrivals.takeThese(taken);
  return [...taken];
}

/** Those that may be taken: the first `most` of each priority. */
function queuesOf(arrivals: Arrivals, most: number): Map<Priority, Arrival[]> {
  const queues = new Map<Priority, Arrival[]>();
  for (const arrival of arrivals) {
    const { priority } = arrival.message;
    const queue = queues.get(priority);
    if (queue === undefined) queues.set(priority, [arrival]);
    else if (queue.length < most) queue.push(arrival);
  }
  return queues;
}
