import { type Clock, MeshError } from '#kernel';
import type { FrameOutcome, Link } from '#link';
import type { Frame } from '#protocol';

export interface AnswerOptions {
  readonly clock: Clock;
  /** From when the frame was written. */
  readonly ms: number;
  onWritten(): void;
}

/**
 * Sends the frame and waits for what the far end says. Rejects with LINK_CLOSED, and with TIMEOUT: a peer that takes
 * bytes and never answers is as good as gone.
 */
export async function answerInTime(link: Link, frame: Frame, options: AnswerOptions): Promise<FrameOutcome> {
  const { clock, ms, onWritten } = options;
  const timer = new AbortController();
  const written = Promise.withResolvers<void>();
  const answer = link.sendFrame(frame, {
    onWritten: () => {
      onWritten();
      written.resolve();
    },
  });
  const late = async (): Promise<never> => {
    await written.promise;
    await clock.sleep(ms, { signal: timer.signal });
    throw new MeshError('TIMEOUT', 'The peer did not answer a frame in time');
  };
  try {
    return await Promise.race([answer, late()]);
  } finally {
    // With a reason of its own none is made, which would take longer than all the rest here.
    timer.abort('answered');
  }
}
