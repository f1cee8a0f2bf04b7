// @ts-check

/** What one message may carry of text, in bytes of UTF-8. */
export const maxMessageBytes = 65_536;

/** @typedef {{ text: string, metadata?: { cut: true, bytes: number } }} Answer */

/**
 * The reply as a message may carry it: what is longer is cut and says so.
 *
 * @param {string} text
 * @returns {Answer}
 */
export function fitted(text) {
  const bytes = Buffer.from(text, 'utf8');
  if (bytes.length <= maxMessageBytes) return { text };
  const note = `\n[cut: the reply has ${bytes.length} bytes, a message at most ${maxMessageBytes}]`;
  let end = maxMessageBytes - Buffer.byteLength(note);
  // Not in the middle of a character.
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return { text: bytes.subarray(0, end).toString('utf8') + note, metadata: { cut: true, bytes: bytes.length } };
}
