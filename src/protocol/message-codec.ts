import { defaultLimits, encodeCbor, MeshError } from '#kernel';
import { maxBatchPlaintextBytes } from './batch-codec.ts';
import type { Message } from './message.ts';
import { readMessage } from './message-fields.ts';
import type { MessageLimits } from './message-rules.ts';
import { maxBytesPerUnit } from './payload-fields.ts';
import { decodeStrictCbor } from './strict-cbor.ts';

/** What receipts may take of a frame beside one message and one key package. */
const receiptsRoomBytes = 8192;
/** More than everything but the body takes in a message without lists and free values. */
const envelopeBytes = 4096;

/** CBOR map (spec §3.2). What it holds is not checked: that is for `checkMessage`, once, when the message is made. */
export function encodeMessage(message: Message): Uint8Array {
  return encodeCbor(message);
}

/**
 * Throws MALFORMED, MESSAGE_TOO_LARGE, SUBJECT_TOO_LONG or ATTACHMENT_TOO_LARGE. Whether it has expired is for the
 * reader to say.
 */
export function decodeMessage(bytes: Uint8Array, limits: MessageLimits = defaultLimits): Message {
  const max = maxEncodedMessageBytes(limits);
  if (bytes.length > max) throw tooLarge(bytes.length, max);
  return readMessage(decodeStrictCbor(bytes), { limits, code: 'MALFORMED', encodedBytes: bytes.length });
}

/**
 * The message itself, for the sender before it is accepted. Throws MESSAGE_TOO_LARGE, SUBJECT_TOO_LONG,
 * ATTACHMENT_TOO_LARGE, and INVALID_ARGUMENT for everything else that `decodeMessage` would refuse.
 */
export function checkMessage(value: unknown, limits: MessageLimits = defaultLimits): Message {
  const message = readMessage(value, { limits, code: 'INVALID_ARGUMENT' });
  const max = maxEncodedMessageBytes(limits);
  const size = mayBeLarge(message, limits) ? encodeMessage(message).length : 0;
  if (size > max) throw tooLarge(size, max);
  return message;
}

/**
 * The largest encoded message, attachments included: one of this size, a key package and some receipts fit in one
 * frame together, so that whatever was accepted can be sent (spec §3.6).
 */
export function maxEncodedMessageBytes(limits: Pick<MessageLimits, 'maxFrameBytes' | 'maxKeyPackageBytes'>): number {
  return maxBatchPlaintextBytes(limits) - limits.maxKeyPackageBytes - receiptsRoomBytes;
}

/** False for the usual message, which then need not be encoded to know that it is not too large. */
function mayBeLarge({ payload, replyContext, participants, provenance }: Message, limits: MessageLimits): boolean {
  const { body, attachments, metadata } = payload;
  if ([attachments, participants, provenance].some((field) => field !== undefined)) return true;
  const values =
    (metadata === undefined ? 0 : limits.maxMetadataBytes) +
    (replyContext === undefined ? 0 : limits.maxReplyContextBytes);
  return envelopeBytes + body.length * maxBytesPerUnit + values > maxEncodedMessageBytes(limits);
}

const tooLarge = (size: number, max: number): MeshError =>
  new MeshError('MESSAGE_TOO_LARGE', `The message has ${size} bytes encoded, at most ${max} fit in one frame`, {
    hint: 'Text, metadata and attachments count together: send them in several messages.',
  });
