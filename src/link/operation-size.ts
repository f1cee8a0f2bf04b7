import { type Limits, MeshError } from '#kernel';

/** Room for the operation around a frame. */
const overheadBytes = 1024;

/** The largest message of a link, in bytes: the largest frame inside its operation. */
export const maxOperationBytes = (limits: Pick<Limits, 'maxHandshakeFrameBytes'>): number =>
  limits.maxHandshakeFrameBytes + overheadBytes;

/** Throws FRAME_TOO_LARGE. */
export function checkOperationSize(bytes: Uint8Array, limits: Pick<Limits, 'maxHandshakeFrameBytes'>): void {
  const max = maxOperationBytes(limits);
  if (bytes.length > max)
    throw new MeshError('FRAME_TOO_LARGE', `An operation of ${bytes.length} bytes exceeds ${max}`);
}
