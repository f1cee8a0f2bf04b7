import { base58 } from '@scure/base';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { agentIdOf, isAgentId } from '#identity';
import { bytes } from '../../test/support/protocol-arbitraries.ts';
import { isAgentIdText, isLine } from './fields.ts';

describe('the quick check of agent ids', () => {
  it('takes every agent id', () => {
    fc.assert(
      fc.property(bytes(32), (key) => {
        expect(isAgentIdText(agentIdOf(key))).toBe(true);
      }),
      { numRuns: 200 },
    );
  });

  it('says what the full check says about texts that look like one', () => {
    const digits = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';
    const tail = fc.array(fc.constantFrom(...digits), { minLength: 43, maxLength: 45 }).map((parts) => parts.join(''));
    fc.assert(
      fc.property(fc.constantFrom('6Mk', '6Mj', '6Mm'), tail, (head, rest) => {
        const text = `did:key:z${head}${rest}`;
        expect(isAgentIdText(text)).toBe(isAgentId(text));
      }),
      { numRuns: 500 },
    );
  });

  it.each([
    ['the key before the first', Uint8Array.of(0xed, 0x00, ...new Uint8Array(32).fill(0xff)), false],
    ['the first key', Uint8Array.of(0xed, 0x01, ...new Uint8Array(32)), true],
    ['the last key', Uint8Array.of(0xed, 0x01, ...new Uint8Array(32).fill(0xff)), true],
    ['the key after the last', Uint8Array.of(0xed, 0x02, ...new Uint8Array(32)), false],
  ])('knows the border: %s', (_what, encoded, expected) => {
    const text = `did:key:z${base58.encode(encoded)}`;
    expect(isAgentIdText(text)).toBe(expected);
    expect(isAgentId(text)).toBe(expected);
  });

  it.each([['', 1, null, undefined, 'did:key:z6Mk', `${agentIdOf(new Uint8Array(32))}\n`]])('refuses %j', (text) => {
    expect(isAgentIdText(text)).toBe(false);
  });
});

describe('a line of text', () => {
  it.each(['x', 'Grüße 👋', 'שלום\u200f', ' '])('may be %j', (text) => {
    expect(isLine(text)).toBe(true);
  });

  it.each(['a\nb', 'a\0', '\u001b[2J', '\u009b2J', '\u202eexe.txt', '\u2066', '\u2028', '\ud800', 1, undefined])(
    'may not be %j',
    (text) => {
      expect(isLine(text)).toBe(false);
    },
  );
});
