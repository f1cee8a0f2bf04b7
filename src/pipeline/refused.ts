import type { ErrorCode } from '#kernel';
import type { FrameOutcome } from '#delivery';

/** The final word on a frame that will not be taken. */
export const refused = (code: ErrorCode): FrameOutcome => ({ kind: 'refused', code });
