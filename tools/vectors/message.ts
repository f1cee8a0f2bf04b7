import { encodeCbor, toHex } from '#kernel';
import { decodeMessage, encodeMessage, type Message, toMessageJson } from '#protocol';
import type { NamedCase, VectorFile } from './seeds.ts';
import {
  aliceId,
  bobId,
  cborCase,
  counting,
  hexCase,
  messageId,
  plainMessage,
  refusedWith,
  wrongEncodings,
} from './wire-values.ts';

const full: Message = {
  ...plainMessage,
  id: messageId(2),
  type: 'response',
  priority: 'high',
  conversationSeq: 3,
  parentMessageId: plainMessage.id,
  correlationId: plainMessage.id,
  idempotencyKey: 'invoice 17',
  replayOf: messageId(3),
  participants: [aliceId, bobId],
  replyContext: { thread: 12, path: ['a', null, true], share: 0.5 },
  payload: {
    subject: 'Sum ✓',
    body: 'It is 2.\nSee the files.',
    attachments: [
      { kind: 'inline', name: 'proof.bin', mediaType: 'application/octet-stream', bytes: counting(20) },
      {
        kind: 'blob',
        name: 'film.mp4',
        mediaType: 'video/mp4',
        size: 3_000_000_000,
        blob: counting(32),
        key: counting(64).subarray(32),
      },
      { kind: 'url', name: 'book', url: 'https://example.org/principia.pdf', mediaType: 'application/pdf' },
      { kind: 'url', name: 'page', url: 'https://example.org/' },
    ],
    metadata: { model: 'm1', tokens: 12, '10': 'ten' },
  },
  trace: { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' },
  budget: { hops: 4, turns: 2, tokens: 1000, costUsd: 0.25 },
  // One of the form of spec 15.5, and one that readers pass over.
  provenance: [{ agent: bobId, message: messageId(3) }, { agent: 'calculator' }],
};

function valid(name: string, message: Message): NamedCase {
  const encoded = encodeMessage(message);
  decodeMessage(encoded);
  return { name, encoded: toHex(encoded), message: toMessageJson(message) };
}

const changed = (name: string, change: object): NamedCase => cborCase(name, { ...plainMessage, ...change });
const saying = (name: string, change: object): NamedCase =>
  cborCase(name, { ...plainMessage, payload: { ...plainMessage.payload, ...change } });
const attached = (name: string, attachment: object): NamedCase => saying(name, { attachments: [attachment] });
const file = { kind: 'inline', name: 'a', mediaType: 'text/plain', bytes: counting(1) };
const blob = { ...full.payload.attachments?.[1] };
const { ttl: _ttl, ...withoutTtl } = plainMessage;
const plainHex = toHex(encodeCbor(plainMessage));

/** `timestamp` as a double, which is another spelling of the same number. */
const floatTimestamp = plainHex.replace(/1b([0-9a-f]{16})/, () => {
  const double = Buffer.alloc(8);
  double.writeDoubleBE(plainMessage.timestamp);
  return `fb${double.toString('hex')}`;
});

const malformed = [
  ...wrongEncodings(plainHex),
  hexCase('a whole number as a float', floatTimestamp),
  hexCase(
    'two keys exchanged',
    plainHex.replace('62746f', '62747f').replace('626964', '62746f').replace('62747f', '626964'),
  ),
  hexCase('a text that is not UTF-8', plainHex.replace(toHex(Buffer.from('What')), 'ff686174')),
  cborCase('a key is missing', withoutTtl),
  changed('a key that is not known', { replyTo: 'https://example.org/' }),
  changed('another type', { type: 'order' }),
  changed('another priority', { priority: 'urgent' }),
  changed('an id with a path', { id: 'msg_../../../../etc/passwd' }),
  changed('an id with NUL', { id: `${plainMessage.id.slice(0, -1)}\0` }),
  changed('an id of another uuid version', { id: plainMessage.id.replace('-7', '-4') }),
  changed('an id in capitals', { id: `msg_${plainMessage.id.slice(4).toUpperCase()}` }),
  changed('a frame id for the message that is said again', { replayOf: 'frm_019bf000-0000-7000-8000-000000000001' }),
  changed('a conversation id for a message', { parentMessageId: plainMessage.conversationId }),
  changed('a sender that is no agent id', { from: 'alice' }),
  changed('a recipient with a fragment', { to: `${bobId}#key` }),
  changed('a negative time', { timestamp: -1 }),
  changed('a time that is not whole', { timestamp: 0.5 }),
  changed('no time to live', { ttl: 0 }),
  changed('a second more than 30 days to live', { ttl: 2_592_001 }),
  changed('a participant that is no agent id', { participants: [aliceId, 'bob'] }),
  changed('reply context of 4097 bytes', { replyContext: 'x'.repeat(4094) }),
  changed('reply context that holds bytes', { replyContext: counting(2) }),
  changed('provenance that is no list', { provenance: {} }),
  changed('a trace of another form', { trace: { traceparent: '00-0' } }),
  changed('a budget below nothing', { budget: { costUsd: -0.5 } }),
  changed('a budget with a key that is not known', { budget: { cpu: 1 } }),
  changed('an idempotency key of two lines', { idempotencyKey: 'a\nb' }),
  saying('a payload with a key that is not known', { html: '<p>hi' }),
  saying('a text that is bytes', { body: counting(3) }),
  saying('a subject of two lines', { subject: 'a\nb' }),
  saying('a subject with an escape sequence', { subject: '\u001b[2J' }),
  saying('an empty subject', { subject: '' }),
  saying('metadata that is a list', { metadata: [] }),
  attached('an attachment of another kind', { ...file, kind: 'tape' }),
  attached('a file inside named as one beside', { ...file, kind: 'blob' }),
  attached('a blob with an address of 31 bytes', { ...blob, blob: counting(31) }),
  attached('a blob without a key', { ...blob, key: new Uint8Array() }),
  attached('a blob of less than nothing', { ...blob, size: -1 }),
  attached('a blob of half a byte', { ...blob, size: 0.5 }),
  attached('a blob with a key that is not known', { ...blob, chunks: 2862 }),
  attached('an attachment with an empty name', { ...file, name: '' }),
  attached('an attachment whose name turns around', { ...file, name: '\u202etxt.exe' }),
  attached('an attachment without a subtype', { ...file, mediaType: 'text' }),
  attached('an attachment whose bytes are text', { ...file, bytes: 'AA==' }),
  attached('a link that runs a program', { kind: 'url', name: 'x', url: 'javascript:alert(1)' }),
  attached('a link with a blank', { kind: 'url', name: 'x', url: 'https://example.org/a b' }),
];

export const messageVectors: VectorFile = {
  spec: 'spec/03-messages.md 3.1 to 3.7',
  description: 'Messages in CBOR, and the same in the JSON that programs get.',
  valid: [valid('only what must be there', plainMessage), valid('everything that may be there', full)],
  invalid: [
    ...refusedWith('MALFORMED', malformed),
    ...refusedWith('SUBJECT_TOO_LONG', [saying('a subject of 201 characters', { subject: 'x'.repeat(201) })]),
  ],
};
