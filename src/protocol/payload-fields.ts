import { encodeCbor, MeshError } from '#kernel';
import { FieldReader, type Form } from './field-reader.ts';
import { charactersOf, isMap } from './fields.ts';
import { isJsonObject } from './json-value.ts';
import { blobIdBytes, blobKeyBytes } from './blob-shape.ts';
import type { Attachment, BlobAttachment, InlineAttachment, JsonObject, Payload, UrlAttachment } from './message.ts';
import { mayExceed, type MessageRules } from './message-rules.ts';

const optional = ['subject', 'attachments', 'metadata'];
const form: Form = { name: 'message.payload', required: ['body'], optional };
const inlineForm: Form = { name: 'attachment', required: ['kind', 'name', 'mediaType', 'bytes'] };
const blobForm: Form = { name: 'attachment', required: ['kind', 'name', 'mediaType', 'size', 'blob', 'key'] };
const urlForm: Form = { name: 'attachment', required: ['kind', 'name', 'url'], optional: ['mediaType'] };

/** UTF-8 of one UTF-16 code unit. */
export const maxBytesPerUnit = 3;
const maxNameCharacters = 255;
const maxUrlCharacters = 2048;
const mediaTypeForm = /^[\w!#$&^.+-]{1,127}\/[\w!#$&^.+-]{1,127}(?:;[\x20-\x7e]{1,200})?$/;
const urlText = /^https?:\/\/[\x21-\x7e]+$/;

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** The payload of a message (spec §3.3). Throws also MESSAGE_TOO_LARGE, SUBJECT_TOO_LONG and ATTACHMENT_TOO_LARGE. */
export function readPayload(value: unknown, rules: MessageRules): Payload {
  const fields = new FieldReader(value, form, rules.code);
  const payload: Mutable<Payload> = { body: readBody(fields, rules) };
  if (fields.has('subject')) payload.subject = readSubject(fields, rules);
  if (fields.has('attachments')) payload.attachments = readAttachments(fields, rules);
  if (fields.has('metadata')) payload.metadata = readMetadata(fields, rules);
  return payload;
}

function readBody(fields: FieldReader, { limits }: MessageRules): string {
  const body = fields.value('body');
  const max = limits.maxMessageBytes;
  if (typeof body !== 'string' || !body.isWellFormed()) throw fields.wrong('body', 'must be well-formed text');
  if (body.length * maxBytesPerUnit > max && Buffer.byteLength(body) > max) {
    throw new MeshError(
      'MESSAGE_TOO_LARGE',
      `The text has ${Buffer.byteLength(body)} bytes, at most ${max} are allowed`,
    );
  }
  return body;
}

function readSubject(fields: FieldReader, { limits }: MessageRules): string {
  const subject = fields.value('subject');
  const max = limits.maxSubjectCharacters;
  if (typeof subject === 'string' && subject.length > max && charactersOf(subject) > max) {
    throw new MeshError(
      'SUBJECT_TOO_LONG',
      `The subject has ${charactersOf(subject)} characters, at most ${max} are allowed`,
    );
  }
  return fields.line('subject', max);
}

function readMetadata(fields: FieldReader, rules: MessageRules): JsonObject {
  const metadata = fields.value('metadata');
  const max = rules.limits.maxMetadataBytes;
  if (!isJsonObject(metadata)) throw fields.wrong('metadata', 'must be a JSON object');
  const size = mayExceed(max, rules) ? encodeCbor(metadata).length : 0;
  if (size > max) throw fields.wrong('metadata', `has ${size} bytes encoded, at most ${max} are allowed`);
  return metadata;
}

function readAttachments(fields: FieldReader, rules: MessageRules): readonly Attachment[] {
  const { maxAttachments, maxInlineAttachmentBytes: max } = rules.limits;
  const attachments = fields.list('attachments', maxAttachments, (entry) => readAttachment(entry, rules));
  const size = attachments.reduce((sum, entry) => sum + (entry.kind === 'inline' ? entry.bytes.length : 0), 0);
  if (size <= max) return attachments;
  throw new MeshError(
    'ATTACHMENT_TOO_LARGE',
    `The attachments have ${size} bytes together, at most ${max} are allowed`,
  );
}

function readAttachment(value: unknown, rules: MessageRules): Attachment {
  const kind = isMap(value) ? value['kind'] : undefined;
  if (kind === 'inline') return readInline(new FieldReader(value, inlineForm, rules.code));
  if (kind === 'url') return readUrl(new FieldReader(value, urlForm, rules.code));
  if (kind === 'blob') return readBlob(new FieldReader(value, blobForm, rules.code));
  throw new MeshError(rules.code, 'attachment.kind must be inline, blob or url');
}

function readBlob(fields: FieldReader): BlobAttachment {
  return {
    kind: 'blob',
    name: fields.line('name', maxNameCharacters),
    mediaType: readMediaType(fields),
    size: fields.count('size'),
    blob: fields.bytes('blob', blobIdBytes),
    key: fields.bytes('key', blobKeyBytes),
  };
}

function readInline(fields: FieldReader): InlineAttachment {
  const bytes = fields.value('bytes');
  if (!(bytes instanceof Uint8Array)) throw fields.wrong('bytes', 'must be bytes');
  return { kind: 'inline', name: fields.line('name', maxNameCharacters), mediaType: readMediaType(fields), bytes };
}

function readUrl(fields: FieldReader): UrlAttachment {
  const url = fields.value('url');
  if (typeof url !== 'string' || url.length > maxUrlCharacters || !urlText.test(url) || !URL.canParse(url)) {
    throw fields.wrong('url', `must be an http(s) URL of at most ${maxUrlCharacters} printable ASCII characters`);
  }
  const attachment = { kind: 'url', name: fields.line('name', maxNameCharacters), url } as const;
  return fields.has('mediaType') ? { ...attachment, mediaType: readMediaType(fields) } : attachment;
}

function readMediaType(fields: FieldReader): string {
  const mediaType = fields.value('mediaType');
  if (typeof mediaType === 'string' && mediaTypeForm.test(mediaType)) return mediaType;
  throw fields.wrong('mediaType', 'must be a media type such as text/plain');
}
