import type { PriorityTurns } from '#delivery';
import type { Priority } from '#protocol';
import type { Arrival, Lane } from './lane.ts';

/** In the order that the turns say, up to one frame's worth; the rest stays. */
export function takeArrivals(lane: Lane, turns: PriorityTurns): readonly Arrival[] {
  const { arrivals } = lane;
  const [first] = arrivals;
  if (first === undefined) return [];
  const isMixed = arrivals.some(({ message }) => message.priority !== first.message.priority);
  const taken = isMixed ? takeMixed(lane, turns) : arrivals.splice(0, countFitting(lane));
  if (!isMixed) for (const { message } of taken) turns.took(message.priority);
  return taken;
}

function countFitting({ arrivals, ports }: Lane): number {
  let bytes = 0;
  let count = 0;
  for (const { message } of arrivals) {
    bytes += message.body.length;
    if (count > 0 && (bytes > ports.limits.maxBatchBytes || count >= ports.limits.leaseBatch)) break;
    count += 1;
  }
  return count;
}

function takeMixed({ arrivals, ports }: Lane, turns: PriorityTurns): readonly Arrival[] {
  const { maxBatchBytes, leaseBatch } = ports.limits;
  const queues = queuesOf(arrivals, leaseBatch);
  const taken = new Set<Arrival>();
  let bytes = 0;
  while (taken.size < leaseBatch && queues.size > 0) {
    const priority = turns.next(new Set(queues.keys()));
    const queue = queues.get(priority);
    const next = queue?.shift();
    if (next === undefined) break;
    bytes += next.message.body.length;
    if (taken.size > 0 && bytes > maxBatchBytes) break;
    taken.add(next);
    turns.took(priority);
    if (queue?.length === 0) queues.delete(priority);
  }
  const rest = arrivals.filter((arrival) => !taken.has(arrival));
  arrivals.length = 0;
  for (const arrival of rest) arrivals.push(arrival);
  return [...taken];
}

/** Those that may be taken: the first `most` of each priority. */
function queuesOf(arrivals: readonly Arrival[], most: number): Map<Priority, Arrival[]> {
  const queues = new Map<Priority, Arrival[]>();
  for (const arrival of arrivals) {
    const { priority } = arrival.message;
    const queue = queues.get(priority);
    if (queue === undefined) queues.set(priority, [arrival]);
    else if (queue.length < most) queue.push(arrival);
  }
  return queues;
}
