import { describe, expect, it } from 'vitest';
import { defaultLimits, encodeCbor } from '#kernel';
import { codeThrownBy } from '../../test/support/code-thrown-by.ts';
import { messageTo, party } from '../../test/support/trust-fixtures.ts';
import { checkMessage, decodeMessage, encodeMessage, type InlineAttachment, type Json, type Message } from './index.ts';

const [alice, bob] = [party(1).agentId, party(2).agentId];
const plain = messageTo(bob, alice);
const says = (payload: Partial<Message['payload']>): Message => ({
  ...plain,
  payload: { ...plain.payload, ...payload },
});
const file = (size: number): InlineAttachment => ({
  kind: 'inline',
  name: 'a.bin',
  mediaType: 'application/octet-stream',
  bytes: new Uint8Array(size),
});
const kilobyte = 1024;

/** What the sender and what the receiver says of it. */
function codes(message: unknown): readonly [string, string] {
  return [codeThrownBy(() => checkMessage(message)), codeThrownBy(() => decodeMessage(encodeCbor(message)))];
}

const fine = ['nothing was thrown', 'nothing was thrown'];

describe('the limits of a message, at the sender and at the receiver', () => {
  it.each([
    ['64 KB of text', says({ body: 'x'.repeat(64 * kilobyte) })],
    ['64 KB of text in letters of three bytes', says({ body: '€'.repeat(21_845) })],
    ['no text', says({ body: '' })],
    ['64 KB in one attachment', says({ attachments: [file(64 * kilobyte)] })],
    [
      '64 KB in two attachments, and 5 KB of text',
      says({ body: 'x'.repeat(5000), attachments: [file(32_768), file(32_768)] }),
    ],
    ['an empty attachment', says({ attachments: [file(0)] })],
    ['200 characters of subject beyond the BMP', says({ subject: '👋'.repeat(200) })],
    ['30 days to live', { ...plain, ttl: 30 * 24 * 3600 }],
    ['16 KB of metadata', says({ metadata: { a: 'x'.repeat(16 * kilobyte - 6) } })],
  ])('allow %s', (_what, message) => {
    expect(codes(message)).toEqual(fine);
  });

  it.each([
    ['a byte more than 64 KB of text', 'MESSAGE_TOO_LARGE', says({ body: 'x'.repeat(64 * kilobyte + 1) })],
    ['few characters of many bytes', 'MESSAGE_TOO_LARGE', says({ body: '€'.repeat(21_846) })],
    [
      'text and attachments that do not fit in a frame',
      'MESSAGE_TOO_LARGE',
      says({ body: 'x'.repeat(8000), attachments: [file(64 * kilobyte)] }),
    ],
    [
      'a byte more than 64 KB in one attachment',
      'ATTACHMENT_TOO_LARGE',
      says({ attachments: [file(64 * kilobyte + 1)] }),
    ],
    [
      'a byte more than 64 KB in two attachments',
      'ATTACHMENT_TOO_LARGE',
      says({ attachments: [file(32_768), file(32_769)] }),
    ],
    ['201 characters of subject', 'SUBJECT_TOO_LONG', says({ subject: 'x'.repeat(201) })],
  ])('refuse %s', (_what, code, message) => {
    expect(codes(message)).toEqual([code, code]);
  });

  it.each<[string, unknown]>([
    ['a key that is not known', { ...plain, replyTo: 'http://example.org' }],
    ['a key of the payload that is not known', says({ html: '<p>' } as never)],
    ['another type', { ...plain, type: 'order' }],
    ['another priority', { ...plain, priority: 'urgent' }],
    ['an id with a path', { ...plain, id: 'msg_../../etc/passwd' }],
    ['an id with NUL', { ...plain, id: `${plain.id.slice(0, -1)}\0` }],
    ['an id of another kind', { ...plain, id: plain.conversationId }],
    ['a sender that is no agent id', { ...plain, from: 'alice' }],
    ['a timestamp that is not whole', { ...plain, timestamp: 1.5 }],
    ['a negative timestamp', { ...plain, timestamp: -1 }],
    ['a timestamp as text', { ...plain, timestamp: '5' }],
    ['no time to live', { ...plain, ttl: 0 }],
    ['a second more than 30 days to live', { ...plain, ttl: 30 * 24 * 3600 + 1 }],
    ['a body that is not text', says({ body: 1 } as never)],
    ['a subject of two lines', says({ subject: 'a\nb' })],
    ['an empty subject', says({ subject: '' })],
    ['metadata that is a list', says({ metadata: [] } as never)],
    ['metadata that holds bytes', says({ metadata: { a: new Uint8Array(1) } } as never)],
    ['more than 16 KB of metadata', says({ metadata: { a: 'x'.repeat(16 * kilobyte - 5) } })],
    ['more than 4 KB of reply context', { ...plain, replyContext: 'x'.repeat(4 * kilobyte - 2) }],
    ['reply context that is too deep', { ...plain, replyContext: nested(30) }],
    ['17 attachments', says({ attachments: Array.from({ length: 17 }, () => file(1)) })],
    ['an attachment of another kind', says({ attachments: [{ ...file(1), kind: 'blob' }] } as never)],
    ['an attachment without a name', says({ attachments: [{ ...file(1), name: '' }] })],
    ['an attachment whose name turns around', says({ attachments: [{ ...file(1), name: '\u202etxt.exe' }] })],
    ['an attachment without a media type', says({ attachments: [{ ...file(1), mediaType: 'text' }] })],
    ['an attachment as text', says({ attachments: [{ ...file(1), bytes: 'AA==' }] } as never)],
    ['a URL that runs a program', says({ attachments: [{ kind: 'url', name: 'x', url: 'javascript:alert(1)' }] })],
    ['a URL with a line break', says({ attachments: [{ kind: 'url', name: 'x', url: 'http://a/\nb' }] })],
    ['101 participants', { ...plain, participants: Array.from({ length: 101 }, () => bob) }],
    ['a participant that is no agent id', { ...plain, participants: ['bob'] }],
    ['33 entries of provenance', { ...plain, provenance: Array.from({ length: 33 }, () => 1) }],
    ['an idempotency key of 129 characters', { ...plain, idempotencyKey: 'k'.repeat(129) }],
    ['another trace', { ...plain, trace: { traceparent: '00' } }],
    ['a budget below nothing', { ...plain, budget: { costUsd: -1 } }],
    ['a budget of half a turn', { ...plain, budget: { turns: 0.5 } }],
    ['a list instead of a message', [plain]],
  ])('refuse %s', (_what, message) => {
    expect(codes(message)).toEqual(['INVALID_ARGUMENT', 'MALFORMED']);
  });

  it.each<[string, unknown]>([
    ['a field that is there but undefined', { ...plain, correlationId: undefined }],
    ['half a surrogate pair in the text', says({ body: 'a\ud800' })],
    ['half a surrogate pair in metadata', says({ metadata: { a: '\udfff' } })],
    ['a number that JSON does not have', { ...plain, replyContext: Number.NaN }],
    ['a value that JSON does not have', says({ metadata: { at: new Date(0) } } as never)],
  ])('refuse at the sender what would arrive as something else: %s', (_what, message) => {
    expect(codeThrownBy(() => checkMessage(message))).toBe('INVALID_ARGUMENT');
  });

  it('follow the table of limits', () => {
    const limits = { ...defaultLimits, maxSubjectCharacters: 3, maxMessageBytes: 2 };
    expect(codeThrownBy(() => checkMessage(says({ subject: 'four' }), limits))).toBe('SUBJECT_TOO_LONG');
    expect(codeThrownBy(() => decodeMessage(encodeMessage(plain), limits))).toBe('nothing was thrown');
    expect(codeThrownBy(() => decodeMessage(encodeMessage(says({ body: 'xyz' })), limits))).toBe('MESSAGE_TOO_LARGE');
  });

  it('are named in the error together with the value, never with the text', () => {
    const secret = 's3cret';
    const thrown = (): unknown => checkMessage(says({ subject: `${secret}\n`, body: secret }));
    expect(thrown).toThrow('message.payload.subject must be 1 to 200 printable characters in one line');
    expect(thrown).not.toThrow(secret);
    expect(() => checkMessage({ ...plain, ttl: 0 })).toThrow('message.ttl must be a whole number from 1 to 2592000');
  });
});

describe('a message as it travels', () => {
  it('keeps what opaque values hold, with keys in the one order', () => {
    const replyContext = { z: [1, { y: null }], a: 'ü', '10': true };
    expect(decodeMessage(encodeMessage({ ...plain, replyContext })).replyContext).toEqual(replyContext);
  });

  it('keeps the text as it is: line breaks, controls, byte order mark', () => {
    const body = '\ufeffline 1\r\nline 2\t\0\u001b[31m\u202e end';
    expect(decodeMessage(encodeMessage(says({ body }))).payload.body).toBe(body);
  });
});

function nested(depth: number): Json {
  return depth === 0 ? 1 : [nested(depth - 1)];
}
