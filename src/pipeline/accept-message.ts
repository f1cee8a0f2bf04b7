import { MeshError } from '#kernel';
import type { NewOutboxMessage, OutboxMessage } from '#delivery';
import type { MessageId } from '#protocol';
import type { Arrival, Lane } from './lane.ts';

export interface Accepted {
  readonly id: MessageId;
  /** Of the message as it is sealed. */
  readonly bytes: number;
  /** True when the idempotency key was seen before: `id` is that of the first message. */
  readonly duplicate: boolean;
}

/** Resolves when the message is committed in the outbox. Throws OUTBOX_FULL, and what the commit throws. */
export async function acceptMessage(lane: Lane, message: NewOutboxMessage): Promise<Accepted> {
  const { idempotencyKey: key } = message;
  const underWay = key === undefined ? undefined : lane.keysUnderWay.get(key);
  // Whoever repeats what is still on its way to the disk shares its fate.
  if (underWay !== undefined) await underWay.committed.promise;
  const earlier = underWay?.message ?? findDuplicate(lane, message);
  if (earlier !== undefined) return { id: earlier.id, bytes: earlier.body.length, duplicate: true };
  checkRoom(lane);
  const arrival: Arrival = { message, committed: Promise.withResolvers() };
  rememberKey(lane, arrival);
  lane.arrivals.push(arrival);
  lane.flushSoon();
  await arrival.committed.promise;
  return { id: message.id, bytes: message.body.length, duplicate: false };
}

function findDuplicate(lane: Lane, { idempotencyKey: key }: NewOutboxMessage): OutboxMessage | undefined {
  const { store, clock, limits } = lane.ports;
  if (key === undefined) return undefined;
  const since = clock.now() - limits.idempotencyWindowMs;
  return store.read.outbox.byIdempotencyKey({ agent: lane.agent.name, peer: lane.peer, key, since });
}

function rememberKey(lane: Lane, arrival: Arrival): void {
  const key = arrival.message.idempotencyKey;
  if (key === undefined) return;
  const forget = (): boolean => lane.keysUnderWay.delete(key);
  lane.keysUnderWay.set(key, arrival);
  arrival.committed.promise.then(forget, forget);
}

function checkRoom(lane: Lane): void {
  const { store, limits } = lane.ports;
  if (lane.isClosed) throw new MeshError('SHUTTING_DOWN');
  const { length: arriving } = lane.arrivals;
  if (arriving >= limits.maxArrivalsPerPeer) throw full(arriving, 'the disk', limits.maxArrivalsPerPeer);
  const waiting = arriving + store.read.outbox.waitingCount(lane.agent.name, lane.peer);
  if (waiting >= limits.maxOutboxMessagesPerPeer) throw full(waiting, 'the peer', limits.maxOutboxMessagesPerPeer);
}

const full = (count: number, what: string, limit: number): MeshError =>
  new MeshError('OUTBOX_FULL', `${count} messages to this peer wait for ${what}`, { data: { limit } });
