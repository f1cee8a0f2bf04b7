import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { codeThrownBy } from '../../test/support/code-thrown-by.ts';
import { message } from '../../test/support/protocol-arbitraries.ts';
import { messageTo, party } from '../../test/support/trust-fixtures.ts';
import { fromMessageJson, type Message, toMessageJson } from './index.ts';

const plain = messageTo(party(2).agentId, party(1).agentId);
const withFile: Message = {
  ...plain,
  payload: {
    body: 'see file',
    attachments: [
      { kind: 'inline', name: 'a.txt', mediaType: 'text/plain', bytes: Uint8Array.of(0, 255, 254) },
      { kind: 'url', name: 'b', url: 'https://example.org/b' },
    ],
  },
};

describe('a message in JSON', () => {
  it('comes back as it was', () => {
    fc.assert(
      fc.property(message, (value) => {
        const parsed: unknown = JSON.parse(JSON.stringify(toMessageJson(value)));
        expect(fromMessageJson(parsed)).toEqual(value);
      }),
      { numRuns: 100 },
    );
  });

  it('holds the bytes of attachments as base64 and everything else as it is', () => {
    expect(toMessageJson(plain)).toEqual(plain);
    expect(toMessageJson(withFile).payload.attachments).toEqual([
      { kind: 'inline', name: 'a.txt', mediaType: 'text/plain', base64: 'AP/+' },
      { kind: 'url', name: 'b', url: 'https://example.org/b' },
    ]);
  });

  it.each([
    ['no message', null],
    ['a list', [plain]],
    ['a payload that is none', { ...plain, payload: 'hi' }],
    ['an attachment that is none', { ...plain, payload: { body: '', attachments: [1] } }],
    ['no base64', attached({})],
    ['base64 that is a number', attached({ base64: 1 })],
    ['base64 without padding', attached({ base64: 'AA' })],
    ['base64 of another alphabet', attached({ base64: 'AP_-' })],
    ['base64 with other characters', attached({ base64: 'A!!A' })],
    ['bytes beside base64', attached({ base64: 'AAAA', bytes: [0] })],
  ])('is refused when it is %s', (_what, value) => {
    expect(codeThrownBy(() => fromMessageJson(value))).toBe('INVALID_ARGUMENT');
  });

  it('is taken when the same attachment is right', () => {
    expect(fromMessageJson(attached({ base64: 'AAAA' })).payload.attachments).toHaveLength(1);
  });

  it('is held to the limits of a message', () => {
    const tooLarge = { ...plain, payload: { body: 'x'.repeat(65_537) } };
    expect(codeThrownBy(() => fromMessageJson(tooLarge))).toBe('MESSAGE_TOO_LARGE');
  });
});

function attached(fields: object): unknown {
  return { ...plain, payload: { body: '', attachments: [{ kind: 'inline', name: 'a', mediaType: 'a/b', ...fields }] } };
}
