import { createHash } from 'node:crypto';
import { concatBytes, copyBytes, equalBytes, fromBase64url, MeshError, toBase64url } from '#kernel';

const checksumBytes = 4;
const maxTextCharacters = 16_384;

/** One line that people copy: a scheme, then bytes and their checksum in base64url (spec §4.4). */
export function encodeInviteText(scheme: string, content: Uint8Array): string {
  return scheme + toBase64url(concatBytes(content, checksumOf(content)));
}

/** Takes what people paste, white space and line breaks included. Throws INVITE_INVALID. */
export function decodeInviteText(scheme: string, text: string): Uint8Array {
  if (text.length > maxTextCharacters) throw invalidInvite('it is longer than any invite');
  const compact = text.replace(/\s+/g, '');
  if (!compact.startsWith(scheme)) throw invalidInvite(`it does not begin with ${scheme}`);
  const bytes = bytesOf(compact.slice(scheme.length));
  const end = bytes.length - checksumBytes;
  const content = bytes.subarray(0, Math.max(end, 0));
  if (end <= 0 || !equalBytes(checksumOf(content), copyBytes(bytes.subarray(end)))) {
    throw invalidInvite('a part of it is missing or was changed');
  }
  return content;
}

export const invalidInvite = (why: string): MeshError =>
  new MeshError('INVITE_INVALID', `This is not a whole invite: ${why}`);

function bytesOf(text: string): Uint8Array {
  try {
    return fromBase64url(text);
  } catch {
    // The decoder's message may quote the text, which holds the secret: it is not passed on.
    throw invalidInvite('a part of it is missing or was changed');
  }
}

function checksumOf(content: Uint8Array): Uint8Array {
  return copyBytes(createHash('sha256').update(content).digest().subarray(0, checksumBytes));
}
