import { MeshError } from '#kernel';
import type { MessageLimits } from './settings.ts';

export interface MessageSize {
  readonly bytes: number;
  /** What to tell the person: it is over the soft limit. */
  readonly warning?: string;
}

/** Bytes of UTF-8. Throws INVALID_ARGUMENT when nothing is said, MESSAGE_TOO_LARGE over the hard limit. */
export function sizeOf(message: string, { softBytes, hardBytes }: MessageLimits): MessageSize {
  if (message.trim() === '') {
    throw new MeshError('INVALID_ARGUMENT', 'There is nothing to say: the message is empty', {
      hint: 'Give it in quotes: --message "…", or - to read it from stdin',
    });
  }
  const bytes = Buffer.byteLength(message);
  if (bytes > hardBytes) {
    const text = `The message has ${bytes} bytes, more than the ${hardBytes} that may be sent`;
    throw new MeshError('MESSAGE_TOO_LARGE', text, {
      hint: `Shorten it, or put it where the teammate can fetch it. If the gateways take more: export MESH_MSG_HARD_LIMIT=${bytes}`,
      data: { bytes, hardBytes },
    });
  }
  if (bytes <= softBytes) return { bytes };
  return { bytes, warning: `The message is long: ${bytes} bytes, over the soft limit of ${softBytes}.` };
}
