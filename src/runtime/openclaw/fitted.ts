import { fromUtf8, type Limits, toUtf8 } from '#kernel';
import type { Answer } from '../runtime.ts';

/** The reply as a message may carry it: what is longer is cut and says so. */
export function fitted(text: string, { maxMessageBytes }: Pick<Limits, 'maxMessageBytes'>): Answer {
  const bytes = toUtf8(text);
  if (bytes.length <= maxMessageBytes) return { body: text };
  const note = `\n[cut: the reply has ${bytes.length} bytes, a message at most ${maxMessageBytes}]`;
  let end = maxMessageBytes - toUtf8(note).length;
  // Not in the middle of a character.
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return { body: fromUtf8(bytes.subarray(0, end)) + note, metadata: { cut: true, bytes: bytes.length } };
}
