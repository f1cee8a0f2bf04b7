import type { QueueSize } from '#delivery';
import type { Shared } from './shared.ts';

/** Slots of `Shared.unread`. */
const messagesSlot = 0;
const bytesSlot = 1;

/** A message comes in, or with -1 somebody dealt with it; or several that have so many bytes together. */
export function countUnread(
  shared: Shared,
  { lane, bytes, messages = 1 }: { readonly lane: number; readonly bytes: number; readonly messages?: number },
  sign: 1 | -1,
): void {
  shared.unread.add(lane, messagesSlot, sign * messages);
  shared.unread.add(lane, bytesSlot, sign * bytes);
}

export const unreadOf = (shared: Shared, lane: number): QueueSize => ({
  messages: shared.unread.get(lane, messagesSlot),
  bytes: shared.unread.get(lane, bytesSlot),
});

export const unreadInAll = (shared: Shared): QueueSize => ({
  messages: shared.unread.total(messagesSlot),
  bytes: shared.unread.total(bytesSlot),
});
