import { defaultLimits, fromBase64url, MeshError, toBase64url } from '#kernel';
import { isMap } from './fields.ts';
import type { Attachment, BlobAttachment, Message, Payload, UrlAttachment } from './message.ts';
import { checkMessage } from './message-codec.ts';
import type { MessageLimits } from './message-rules.ts';

/** An inline attachment in JSON; `base64` with padding (RFC 4648 §4). */
export interface InlineAttachmentJson {
  readonly kind: 'inline';
  readonly name: string;
  readonly mediaType: string;
  readonly base64: string;
}

/** A file beside the message; what is bytes stands as base64url. */
export type BlobAttachmentJson = Omit<BlobAttachment, 'blob' | 'key'> & { readonly blob: string; readonly key: string };

export type AttachmentJson = InlineAttachmentJson | BlobAttachmentJson | UrlAttachment;
export type PayloadJson = Omit<Payload, 'attachments'> & { readonly attachments?: readonly AttachmentJson[] };

/** A message as programs get it: the same fields, the bytes of attachments as base64 (spec §3.7). */
export type MessageJson = Omit<Message, 'payload'> & { readonly payload: PayloadJson };

export function toMessageJson(message: Message): MessageJson {
  const { attachments, ...payload } = message.payload;
  if (attachments === undefined) return { ...message, payload };
  return { ...message, payload: { ...payload, attachments: attachments.map(toAttachmentJson) } };
}

/** The message in parsed JSON. Throws what `checkMessage` throws. */
export function fromMessageJson(value: unknown, limits: MessageLimits = defaultLimits): Message {
  return checkMessage(withBytes(value), limits);
}

function toAttachmentJson(attachment: Attachment): AttachmentJson {
  if (attachment.kind === 'url') return attachment;
  if (attachment.kind === 'blob') {
    return { ...attachment, blob: toBase64url(attachment.blob), key: toBase64url(attachment.key) };
  }
  const { bytes, ...rest } = attachment;
  return { ...rest, base64: toBase64(bytes) };
}

function toBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64');
}

/** The same value with bytes where base64 was; everything else is left for the check of the message. */
function withBytes(value: unknown): unknown {
  if (!isMap(value) || !isMap(value['payload'])) return value;
  const { payload } = value;
  const attachments: unknown = value['payload']['attachments'];
  if (!Array.isArray(attachments)) return value;
  return { ...value, payload: { ...payload, attachments: attachments.map(attachmentWithBytes) } };
}

function attachmentWithBytes(value: unknown): unknown {
  if (!isMap(value)) return value;
  if (value['kind'] === 'blob') return { ...value, blob: bytesOf(value['blob']), key: bytesOf(value['key']) };
  if (value['kind'] !== 'inline') return value;
  const { base64, ...rest } = value;
  if (typeof base64 !== 'string' || Object.hasOwn(rest, 'bytes')) {
    throw new MeshError('INVALID_ARGUMENT', 'attachment.base64 must be text, and there must be no bytes beside it');
  }
  const bytes = new Uint8Array(Buffer.from(base64, 'base64'));
  // Node's decoder skips what it does not know; a wrong text must not become another file.
  if (toBase64(bytes) !== base64)
    throw new MeshError('INVALID_ARGUMENT', 'attachment.base64 is not base64 with padding');
  return { ...rest, bytes };
}

/** Undefined for what is no base64url, which the check of the message then refuses. */
function bytesOf(text: unknown): Uint8Array | undefined {
  try {
    return typeof text === 'string' ? fromBase64url(text) : undefined;
  } catch {
    return undefined;
  }
}
