import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toBase64url, toHex } from '#kernel';
import { codeThrownBy } from '../../test/support/code-thrown-by.ts';
import { agentId, bytes, inviteId, time } from '../../test/support/protocol-arbitraries.ts';
import { decodeInvite, encodeInvite, type Invite } from './index.ts';

const invites: fc.Arbitrary<Invite> = fc.record({
  id: inviteId,
  agentId,
  name: fc.constantFrom('alice', 'a', '0.b-c_d'),
  routes: fc.array(fc.constantFrom('http://10.0.0.1:8787', 'https://mesh.example.org/a'), { maxLength: 8 }),
  secret: bytes(16),
  expiresAt: time,
});
const [invite] = fc.sample(invites, { numRuns: 1, seed: 1 }) as [Invite];
const text = encodeInvite(invite);

describe('an invite', () => {
  it('comes back as it was', () => {
    fc.assert(
      fc.property(invites, (value) => {
        expect(decodeInvite(encodeInvite(value))).toEqual(value);
      }),
      { numRuns: 100 },
    );
  });

  it('is one word that begins with mesh:', () => {
    expect(text).toMatch(/^mesh:[A-Za-z0-9_-]+$/);
  });

  it('survives white space around it and line breaks within', () => {
    const wrapped = text.replace(/.{40}/g, '$&\r\n  ');
    expect(decodeInvite(`\n\t ${wrapped} \n`)).toEqual(invite);
    expect(decodeInvite(`mesh: ${text.slice(5)}`)).toEqual(invite);
  });

  it('is refused cut off at any place, at either end', () => {
    for (let size = 0; size < text.length; size += 1) {
      expect(codeThrownBy(() => decodeInvite(text.slice(0, size)))).toBe('INVITE_INVALID');
      expect(codeThrownBy(() => decodeInvite(text.slice(text.length - size)))).toBe('INVITE_INVALID');
    }
  });

  it('is refused with any letter changed', () => {
    for (let index = 0; index < text.length; index += 1) {
      const letter = text[index] === 'A' ? 'B' : 'A';
      const changed = text.slice(0, index) + letter + text.slice(index + 1);
      expect(codeThrownBy(() => decodeInvite(changed))).toBe('INVITE_INVALID');
    }
  });

  it.each([
    '',
    'mesh:',
    'hello',
    'https://example.org',
    `mesh:${'A'.repeat(20_000)}`,
    `mesh:${toBase64url(new Uint8Array(4))}`,
  ])('is not %j', (other) => {
    expect(codeThrownBy(() => decodeInvite(other))).toBe('INVITE_INVALID');
  });

  it('says what is wrong and never what it holds', () => {
    const cut = text.slice(0, -3);
    expect(() => decodeInvite(cut)).toThrow('a part of it is missing or was changed');
    expect(() => decodeInvite(text.slice(2))).toThrow('it does not begin with mesh:');
    expect(() => decodeInvite(cut)).not.toThrow(text.slice(20, 40));
    expect(() => decodeInvite(cut)).not.toThrow(toHex(invite.secret));
  });

  it.each<[string, Partial<Record<keyof Invite, unknown>>]>([
    ['nine routes', { routes: Array.from({ length: 9 }, () => 'http://a') }],
    ['a route with credentials', { routes: ['http://user:pass@a'] }],
    ['a route of another kind', { routes: ['file:///etc/passwd'] }],
    ['a secret of 15 bytes', { secret: new Uint8Array(15) }],
    ['another name', { name: 'Alice' }],
    ['another id', { id: 'inv_1' }],
  ])('is not made with %s', (_what, changed) => {
    expect(codeThrownBy(() => encodeInvite({ ...invite, ...changed } as Invite))).toBe('INVALID_ARGUMENT');
  });
});
