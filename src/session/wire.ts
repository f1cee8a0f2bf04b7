import type { KeyPackage, PrivateMessage, Welcome } from 'ts-mls';
import { MeshError } from '#kernel';
import { decodeMlsMessage, encodeMlsMessage } from './mls.ts';

const version = 'mls10';
/** MLSMessage: version 1, wire format 2 (RFC 9420 §6); then the group id with its length in front. */
const privateMessageStart = [0, 1, 0, 2] as const;
export const groupIdBytes = 16;

/** A plain array of its own: what a Node Buffer or a database row holds may change under a decoded view. */
export function ownBytes(bytes: Uint8Array): Uint8Array {
  const copy = new Uint8Array(bytes.length);
  copy.set(bytes);
  return copy;
}

export const encodeKeyPackage = (keyPackage: KeyPackage): Uint8Array =>
  encodeMlsMessage({ version, wireformat: 'mls_key_package', keyPackage });

export const encodeWelcome = (welcome: Welcome): Uint8Array =>
  encodeMlsMessage({ version, wireformat: 'mls_welcome', welcome });

export const encodePrivateMessage = (privateMessage: PrivateMessage): Uint8Array =>
  encodeMlsMessage({ version, wireformat: 'mls_private_message', privateMessage });

/** Throws MALFORMED. */
export function decodeKeyPackage(bytes: Uint8Array, maxBytes: number): KeyPackage {
  const message = decode(bytes, maxBytes);
  if (message.wireformat !== 'mls_key_package') throw malformed('is not a key package');
  return message.keyPackage;
}

/** Throws MALFORMED. */
export function decodeWelcome(bytes: Uint8Array, maxBytes: number): Welcome {
  const message = decode(bytes, maxBytes);
  if (message.wireformat !== 'mls_welcome') throw malformed('is not a welcome');
  return message.welcome;
}

/** Throws MALFORMED. */
export function decodePrivateMessage(bytes: Uint8Array): PrivateMessage {
  groupIdIn(bytes);
  const message = decode(bytes, Number.POSITIVE_INFINITY);
  if (message.wireformat !== 'mls_private_message') throw malformed('is not a private message');
  return message.privateMessage;
}

/** The group id in the clear header, without decoding the rest. Throws MALFORMED. */
export function groupIdIn(bytes: Uint8Array): Uint8Array {
  const start = privateMessageStart.length;
  const end = start + 1 + groupIdBytes;
  if (!privateMessageStart.every((byte, i) => bytes[i] === byte)) throw malformed('is not a private message');
  if (bytes[start] !== groupIdBytes || bytes.length < end) throw malformed(`has no group id of ${groupIdBytes} bytes`);
  return bytes.subarray(start + 1, end);
}

/** Lists in hostile bytes are slow to decode, hence the limit before. */
function decode(bytes: Uint8Array, maxBytes: number): NonNullable<ReturnType<typeof decodeMlsMessage>>[0] {
  if (bytes.length > maxBytes) throw malformed(`has ${bytes.length} bytes, more than ${maxBytes}`);
  const [message, length] = tryDecode(ownBytes(bytes)) ?? [undefined, 0];
  if (message === undefined) throw malformed('cannot be decoded');
  if (length !== bytes.length) throw malformed(`has ${bytes.length - length} bytes too many`);
  return message;
}

/** The library answers undefined for some bad bytes and throws its own errors for others. */
function tryDecode(bytes: Uint8Array): ReturnType<typeof decodeMlsMessage> {
  try {
    return decodeMlsMessage(bytes, 0);
  } catch {
    return undefined;
  }
}

const malformed = (what: string): MeshError => new MeshError('MALFORMED', `The MLS message ${what}`);
