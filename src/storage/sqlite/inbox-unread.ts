import type { QueueSize } from '#delivery';
import type { Shared } from './shared.ts';

/** Slots of `Shared.unread`. */
const messagesSlot = 0;
const bytesSlot = 1;

/** A message comes in, or with -1 somebody dealt with it. */
export function countUnread(
  shared: Shared,
  message: { readonly lane: number; readonly bytes: number },
  sign: 1 | -1,
): void {
  shared.unread.add(message.lane, messagesSlot, sign);
  shared.unread.add(message.lane, bytesSlot, sign * message.bytes);
}

export const unreadOf = (shared: Shared, lane: number): QueueSize => ({
  messages: shared.unread.get(lane, messagesSlot),
  bytes: shared.unread.get(lane, bytesSlot),
});

export const unreadInAll = (shared: Shared): QueueSize => ({
  messages: shared.unread.total(messagesSlot),
  bytes: shared.unread.total(bytesSlot),
});
