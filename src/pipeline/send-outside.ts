import type { Clock } from '#kernel';
import type { FrameOutcome, Courier } from '#delivery';
import type { Frame } from '#protocol';

type Link = NonNullable<Courier['link']>;

/**
 * Sends a frame that stands in no line. A mailbox that asks for time takes nothing else before this very frame comes again (spec §12.4), so it
 * comes again, until it is taken or the way has ended. Rejects with LINK_CLOSED.
 */
export async function sendOutside(link: Link, frame: Frame, clock: Clock): Promise<FrameOutcome> {
  for (;;) {
    const outcome = await link.sendFrame(frame);
    if (link.keeper === undefined || outcome.kind !== 'refused' || outcome.retryAfterMs === undefined) return outcome;
    await clock.sleep(outcome.retryAfterMs);
  }
}
