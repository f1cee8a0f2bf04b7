import type { ErrorCode } from '#kernel';
import type { FrameId } from './frame.ts';
import type { MessageId } from './message.ts';

/**
 * What the peer says about messages, inside the session, so that it is signed by its member (spec §3.9). `at` in ms
 * since 1970.
 */
export type Receipt =
  /** Every message of the frame that is not refused by another receipt is in the peer's inbox. */
  | { readonly kind: 'delivered'; readonly frameId: FrameId; readonly at: number }
  /** The messages were leased to the agent, or read by a person. */
  | { readonly kind: 'seen'; readonly messageIds: readonly MessageId[]; readonly at: number }
  | { readonly kind: 'answered'; readonly messageId: MessageId; readonly answerId: MessageId; readonly at: number }
  | { readonly kind: 'refused'; readonly messageId: MessageId; readonly code: ErrorCode; readonly at: number }
  /** Every file of the message is at the peer, whole (spec §10.5). */
  | { readonly kind: 'files'; readonly messageId: MessageId; readonly at: number };
