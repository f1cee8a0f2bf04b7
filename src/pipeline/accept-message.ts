import { MeshError } from '#kernel';
import { isFull, type KeyWindow, type NewOutboxMessage, type OutboxMessage, type QueueSize } from '#delivery';
import type { MessageId } from '#protocol';
import type { Arrival } from './arrivals.ts';
import type { Lane, PipelinePorts } from './lane.ts';
import { holdMessage } from './hold-message.ts';

export interface Accepted {
  readonly id: MessageId;
  /** Of the message as it is sealed. */
  readonly bytes: number;
  /** True when the idempotency key was seen before: `id` is that of the first message. */
  readonly duplicate: boolean;
  /** It waits for the owner. */
  readonly isHeld?: boolean;
}

/** What is written with a message. */
export type Beside = Pick<Arrival, 'spending' | 'judged'>;

/** Resolves when the message is committed in the outbox. Throws OUTBOX_FULL, and what the commit throws. */
export async function acceptMessage(lane: Lane, message: NewOutboxMessage, beside: Beside = {}): Promise<Accepted> {
  const { idempotencyKey: key } = message;
  const underWay = key === undefined ? undefined : lane.keysUnderWay.get(key);
  // Whoever repeats what is still on its way to the disk shares its fate.
  if (underWay !== undefined) await underWay.committed.promise;
  const earlier = underWay?.message ?? findDuplicate(lane, message);
  if (earlier !== undefined) return { id: earlier.id, bytes: earlier.body.length, duplicate: true };
  checkRoom(lane);
  const arrival: Arrival = { ...beside, message, committed: Promise.withResolvers() };
  rememberKey(lane, arrival);
  if (beside.judged?.verdict === 'review') {
    await holdMessage(lane, arrival, beside.judged);
    return { id: message.id, bytes: message.body.length, duplicate: false, isHeld: true };
  }
  lane.arrivals.push(arrival);
  lane.arrivingBytes += message.body.length;
  lane.flushSoon();
  try {
    await arrival.committed.promise;
  } finally {
    lane.arrivingBytes -= message.body.length;
  }
  return { id: message.id, bytes: message.body.length, duplicate: false };
}

/** True when a message with this key was accepted within its window: said again, it is that one. */
export const isRepeated = (lane: Lane, idempotencyKey: string): boolean =>
  lane.keysUnderWay.has(idempotencyKey) || findDuplicate(lane, { idempotencyKey }) !== undefined;

function findDuplicate(
  lane: Lane,
  { idempotencyKey: key }: Pick<NewOutboxMessage, 'idempotencyKey'>,
): OutboxMessage | undefined {
  const { store } = lane.ports;
  if (key === undefined) return undefined;
  const { name: agent } = lane.agent;
  return store.read.outbox.byIdempotencyKey({ agent, peer: lane.peer, key, window: keyWindow(lane.ports) });
}

/** In which an idempotency key counts as used (spec 3.2). */
export function keyWindow({ clock, limits }: Pick<PipelinePorts, 'clock' | 'limits'>): KeyWindow {
  const { idempotencyWindowMs: ranMs, idempotencySureMs: surelyRanMs } = limits;
  return { since: clock.now() - ranMs, ranMs, surelyRanMs };
}

function rememberKey(lane: Lane, arrival: Arrival): void {
  const key = arrival.message.idempotencyKey;
  if (key === undefined) return;
  const forget = (): boolean => lane.keysUnderWay.delete(key);
  lane.keysUnderWay.set(key, arrival);
  arrival.committed.promise.then(forget, forget);
}

/** Throws OUTBOX_FULL when what waits for this peer, for all peers or for the disk is as much as may be (spec 11.7). */
export function checkRoom(lane: Lane): void {
  const { store, limits } = lane.ports;
  if (lane.isClosed) throw new MeshError('SHUTTING_DOWN');
  const arriving = { messages: lane.arrivals.length, bytes: lane.arrivingBytes };
  const most = { messages: limits.maxArrivalsPerPeer, bytes: limits.maxArrivalBytesPerPeer };
  if (isFull(arriving, most)) throw full(arriving, most, diskIsBehind);
  const { outbox } = store.read;
  const forPeer = together(outbox.waitingFor(lane.agent.name, lane.peer), arriving);
  if (isFull(forPeer, roomForPeer(lane))) throw full(forPeer, roomForPeer(lane), peerIsAway(lane));
  const inAll = together(outbox.waitingInAll(), arriving);
  const room = { messages: limits.maxOutboxMessages, bytes: limits.maxOutboxBytes };
  if (isFull(inAll, room)) throw full(inAll, room, allAreAway);
}

/** What waits for the peer is as much as may be: nothing more is answered to it either. */
export function hasRoomForAnswers(
  { limits, store }: PipelinePorts,
  to: { agent: string; peer: Lane['peer'] },
): boolean {
  const { maxOutboxMessagesPerPeer: messages, maxOutboxBytesPerPeer: bytes } = limits;
  return !isFull(store.read.outbox.waitingFor(to.agent, to.peer), { messages, bytes });
}

function roomForPeer({ ports }: Lane): QueueSize {
  return { messages: ports.limits.maxOutboxMessagesPerPeer, bytes: ports.limits.maxOutboxBytesPerPeer };
}

const together = (a: QueueSize, b: QueueSize): QueueSize => ({
  messages: a.messages + b.messages,
  bytes: a.bytes + b.bytes,
});

interface Cause {
  readonly whom: string;
  readonly hint: string;
}

const diskIsBehind: Cause = {
  whom: 'the disk',
  hint: 'Send again in a moment: the disk does not keep up with what is sent.',
};

const allAreAway: Cause = {
  whom: 'all peers together',
  hint: 'See for whom: mesh status. Take back what need not go: mesh outbox --state queued, then mesh cancel ID',
};

function peerIsAway({ agent, peer, ports }: Lane): Cause {
  const name = ports.store.read.contacts.byAgentId(agent.name, peer)?.petname ?? peer;
  const take = `mesh outbox --peer ${name} --state queued, then mesh cancel ID`;
  return {
    whom: name,
    hint: `It goes on when ${name} takes what waits (see: mesh contact ${name}). To take something back: ${take}`,
  };
}

function full(size: QueueSize, most: QueueSize, { whom, hint }: Cause): MeshError {
  const text =
    size.messages >= most.messages
      ? `${size.messages} messages wait for ${whom}, and at most ${most.messages} may`
      : `Messages of ${size.bytes} bytes wait for ${whom}, and at most ${most.bytes} bytes may`;
  return new MeshError('OUTBOX_FULL', text, { hint, data: { waiting: size, limit: most } });
}
