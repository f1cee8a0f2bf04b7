import { backoffMs, type ErrorCode } from '#kernel';
import { type FrameOutcome, isFull, type QueueSize } from '#delivery';
import { afterMessages, type Contact, waitMsFor } from '#trust';
import type { Lane } from './lane.ts';

/** Not now, but after a while: the sender keeps everything. */
export type NotNow = Extract<FrameOutcome, { readonly kind: 'refused' }> & { readonly retryAfterMs: number };

interface Pause {
  readonly code: ErrorCode;
  readonly retryAfterMs: number;
}

/**
 * Whether the contact is asked to send no more messages for a while: its rate by tier, then the room in the inbox (spec 11.7, 11.8). What
 * it has sealed already is taken all the same, so that what else is in it and behind it goes on.
 */
export function pauseFor(lane: Lane, contact: Contact): Pause | undefined {
  const waitMs = waitMsFor(rateOf(lane, contact));
  if (waitMs > 0) return { code: 'RATE_LIMITED', retryAfterMs: waitMs };
  if (isInboxFull(lane, nothing)) return { code: 'INBOX_FULL', retryAfterMs: nextFullPause(lane) };
  lane.inboxFull = undefined;
  return undefined;
}

/**
 * Why a frame with messages is not even opened: more came in than a sender has under way that keeps to the pauses it is asked for.
 * Decided before it is opened, so that it costs little.
 */
export function notNow(lane: Lane, contact: Contact): NotNow | undefined {
  const { leaseBatch, inFlightFrames, inFlightBytes } = lane.ports.limits;
  const underWay = { messages: leaseBatch * inFlightFrames, bytes: inFlightBytes };
  const waitMs = waitMsFor(rateOf(lane, contact), underWay.messages);
  if (waitMs > 0) return { kind: 'refused', code: 'RATE_LIMITED', retryAfterMs: waitMs };
  if (!isInboxFull(lane, underWay)) return undefined;
  return { kind: 'refused', code: 'INBOX_FULL', retryAfterMs: nextFullPause(lane) };
}

/** So many messages of the contact were taken. */
export function noteMessages(lane: Lane, contact: Contact, count: number): void {
  lane.inboundRate = afterMessages(rateOf(lane, contact), count);
}

const nothing: QueueSize = { messages: 0, bytes: 0 };

const rateOf = ({ inboundRate: rate, ports }: Lane, { tier }: Contact) => ({
  rate,
  tier,
  now: ports.clock.monotonic(),
  limits: ports.limits,
});

function isInboxFull({ agent, peer, ports }: Lane, spare: QueueSize): boolean {
  const { store, limits } = ports;
  const { inbox } = store.read;
  const room = (messages: number, bytes: number): QueueSize => ({
    messages: messages + spare.messages,
    bytes: bytes + spare.bytes,
  });
  const ofSender = room(limits.maxInboxMessagesPerPeer, limits.maxInboxBytesPerPeer);
  if (isFull(inbox.unreadFrom(agent.name, peer), ofSender)) return true;
  return isFull(inbox.unreadInAll(), room(limits.maxInboxMessages, limits.maxInboxBytes));
}

/** Twice as long each time that the last pause was over and the inbox was still full. */
function nextFullPause(lane: Lane): number {
  const { clock, limits, random } = lane.ports;
  const now = clock.monotonic();
  const { inboxFull: before } = lane;
  if (before !== undefined && now < before.until) return Math.ceil(before.until - now);
  const times = (before?.times ?? 0) + 1;
  const pauseMs = backoffMs({ firstMs: limits.inboxFullRetryMs, maxMs: limits.inboxFullMaxRetryMs }, times, random);
  lane.inboxFull = { times, until: now + pauseMs };
  return pauseMs;
}
