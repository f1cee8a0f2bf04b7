import { describe, expect, it } from 'vitest';
import { canonicalJson, copyBytes, decodeCbor, defaultLimits, encodeCbor } from '#kernel';
import { cardBytes, sign, signCard, type VerifiedCard } from '#identity';
import { codeThrownBy } from '../../test/support/code-thrown-by.ts';
import { party } from '../../test/support/trust-fixtures.ts';
import {
  checkInviteMac,
  type ContactCheck,
  type NewContactAccept,
  type NewContactRequest,
  parsePurpose,
  signContactAccept,
  signContactRequest,
  verifyContactAccept,
  verifyContactRequest,
} from './index.ts';

const [alice, bob, carol] = [party(1), party(2), party(3)];
const now = 5_000_000;
const secret = new Uint8Array(16).fill(9);
const inviteId = 'inv_01900000-0000-7000-8000-000000000001';
const common = { card: alice.card, to: bob.agentId, at: now, keyPackage: new Uint8Array(50), root: alice.root };
const request: NewContactRequest = { ...common, nonce: new Uint8Array(16).fill(5) };
const accept: NewContactAccept = { ...common, requestNonce: new Uint8Array(16).fill(5) };
const asBob: ContactCheck = { now, self: bob.agentId, limits: defaultLimits };

/** Both statements, with what is changed before they are signed, as they arrive. */
const statements = [
  {
    name: 'a contact request',
    context: 'contact-request',
    signed: (changed: object = {}) => signContactRequest({ ...request, ...changed }),
    verified: (bytes: Uint8Array, check: Partial<ContactCheck> = {}) =>
      verifyContactRequest(bytes, { ...asBob, ...check }),
  },
  {
    name: 'a contact acceptance',
    context: 'contact-accept',
    signed: (changed: object = {}) => signContactAccept({ ...accept, ...changed }),
    verified: (bytes: Uint8Array, check: Partial<ContactCheck> = {}) =>
      verifyContactAccept(bytes, { ...asBob, ...check }),
  },
] as const;

describe.each(statements)('$name', ({ context, signed, verified }) => {
  const { maxSkewPastMs, maxSkewFutureMs } = defaultLimits;
  const fields = (): Record<string, unknown> => ({ ...(decodeCbor(signed()) as object) });

  /** Signed by the right key although a field breaks a rule. */
  function signedWith(changed: object): Uint8Array {
    const { signature: _signature, ...unsigned } = { ...fields(), ...changed } as Record<string, unknown>;
    return encodeCbor({ ...unsigned, signature: sign({ context, key: alice.root, data: encodeCbor(unsigned) }) });
  }

  it('is verified with the card of its signer', () => {
    const statement = verified(signed());
    expect(statement.card.agentId).toBe(alice.agentId);
    expect(statement.keyPackage).toEqual(common.keyPackage);
    expect(Object.isFrozen(statement)).toBe(true);
    expect(codeThrownBy(() => verified(signedWith({})))).toBe('nothing was thrown');
  });

  it('is for one recipient', () => {
    expect(codeThrownBy(() => verified(signed(), { self: carol.agentId }))).toBe('WRONG_RECIPIENT');
  });

  it.each([
    ['as old as it may be', now + maxSkewPastMs, 'nothing was thrown'],
    ['a millisecond older', now + maxSkewPastMs + 1, 'TIMESTAMP_STALE'],
    ['as far ahead as it may be', now - maxSkewFutureMs, 'nothing was thrown'],
    ['a millisecond further ahead', now - maxSkewFutureMs - 1, 'TIMESTAMP_FUTURE'],
  ])('is judged by its time: %s', (_what, readAt, code) => {
    expect(codeThrownBy(() => verified(signed(), { now: readAt }))).toBe(code);
  });

  it('is refused when any byte of it was changed', () => {
    const bytes = signed();
    for (let index = 0; index < bytes.length; index += 1) {
      const changed = Uint8Array.from(bytes);
      changed[index] = (changed[index] ?? 0) ^ 1;
      expect(codeThrownBy(() => verified(changed))).not.toMatch(/^(nothing was thrown|INTERNAL)$/);
    }
  });

  it('is refused when it is signed by another key or for another purpose', () => {
    const { signature: _signature, ...unsigned } = fields();
    const data = encodeCbor(unsigned);
    const other = context === 'contact-request' ? 'contact-accept' : 'contact-request';
    for (const signature of [
      sign({ context, key: carol.root, data }),
      sign({ context: other, key: alice.root, data }),
    ]) {
      expect(codeThrownBy(() => verified(encodeCbor({ ...unsigned, signature })))).toBe('SIGNATURE_INVALID');
    }
  });

  it('is refused with a card of somebody else', () => {
    expect(codeThrownBy(() => verified(signedWith({ card: cardBytes(carol.card) })))).toBe('SIGNATURE_INVALID');
    expect(codeThrownBy(() => signed({ card: carol.card }))).toBe('INVALID_ARGUMENT');
  });

  it.each<[string, string, Uint8Array]>([
    ['that has expired', 'CARD_EXPIRED', cardBytes(expired())],
    ['whose id is not that of its key', 'CARD_ID_MISMATCH', canonicalJson({ ...alice.card, agentId: bob.agentId })],
    ['that was changed', 'SIGNATURE_INVALID', canonicalJson({ ...alice.card, name: 'mallory' })],
    ['that is not JSON', 'CARD_INVALID', Uint8Array.of(1)],
    ['with white space', 'CARD_INVALID', Uint8Array.of(...cardBytes(alice.card), 0x20)],
  ])('is refused with a card %s', (_what, code, card) => {
    expect(codeThrownBy(() => verified(signedWith({ card })))).toBe(code);
  });

  it.each<[string, object]>([
    ['a key that is not known', { admin: true }],
    ['a key package of more than 16 KB', { keyPackage: new Uint8Array(16_385) }],
    ['no key package', { keyPackage: new Uint8Array() }],
    ['a recipient that is no agent', { to: 'bob' }],
    ['a time that is not whole', { at: 0.5 }],
  ])('is refused with %s', (_what, changed) => {
    expect(codeThrownBy(() => verified(signedWith(changed)))).toBe('MALFORMED');
  });

  it('is refused in another version', () => {
    expect(codeThrownBy(() => verified(signedWith({ v: 2, more: 1 })))).toBe('UNSUPPORTED_VERSION');
  });

  it('is refused cut off at any place', () => {
    const bytes = signed();
    for (let size = 0; size < bytes.length; size += 1) {
      expect(codeThrownBy(() => verified(bytes.subarray(0, size)))).toBe('MALFORMED');
    }
  });
});

describe('the purpose of a contact request', () => {
  it('has at most 500 characters in one line', () => {
    const purpose = '👋'.repeat(500);
    expect(verifyContactRequest(signContactRequest({ ...request, purpose }), asBob).purpose).toBe(purpose);
    expect(codeThrownBy(() => signContactRequest({ ...request, purpose: 'x'.repeat(501) }))).toBe('INVALID_ARGUMENT');
    expect(codeThrownBy(() => signContactRequest({ ...request, purpose: 'a\nb' }))).toBe('INVALID_ARGUMENT');
    expect(parsePurpose(purpose)).toBe(purpose);
    for (const wrong of ['', 'x'.repeat(501), 'a\nb', 1]) {
      expect(codeThrownBy(() => parsePurpose(wrong))).toBe('INVALID_ARGUMENT');
    }
  });

  it('is refused by the reader when it is longer', () => {
    const fields = decodeCbor(signContactRequest({ ...request, purpose: 'x' })) as object;
    expect(codeThrownBy(() => verifyContactRequest(encodeCbor({ ...fields, purpose: 'x'.repeat(501) }), asBob))).toBe(
      'MALFORMED',
    );
  });
});

describe('the proof of an invite', () => {
  const invited = verifyContactRequest(signContactRequest({ ...request, invite: { id: inviteId, secret } }), asBob);
  const accepted = verifyContactAccept(signContactAccept({ ...accept, inviteSecret: secret }), asBob);

  it('holds with the secret of the invite and with no other', () => {
    const other = copyBytes(secret).fill(8, 0, 1);
    expect(invited.invite?.id).toBe(inviteId);
    expect([checkInviteMac(invited, secret), checkInviteMac(invited, other)]).toEqual([true, false]);
    expect([checkInviteMac(accepted, secret), checkInviteMac(accepted, other)]).toEqual([true, false]);
  });

  it('is not there without an invite', () => {
    expect(checkInviteMac(verifyContactRequest(signContactRequest(request), asBob), secret)).toBe(false);
    expect(checkInviteMac(verifyContactAccept(signContactAccept(accept), asBob), secret)).toBe(false);
  });

  it.each<[string, Partial<NewContactRequest>]>([
    ['another sender', { card: carol.card, root: carol.root }],
    ['another time', { at: now + 1 }],
    ['another nonce', { nonce: new Uint8Array(16) }],
    ['another key package', { keyPackage: new Uint8Array(51) }],
    ['a purpose', { purpose: 'hello' }],
    ['another invite', { invite: { id: inviteId.replace('1', '2'), secret } }],
  ])('of one request does not serve for %s', (_what, changed) => {
    const invite = { id: inviteId, secret };
    const own = verifyContactRequest(signContactRequest({ ...request, invite, ...changed }), asBob);
    const stolen = { ...own, invite: { id: own.invite?.id, mac: invited.invite?.mac } } as unknown as typeof invited;
    expect(checkInviteMac(own, secret)).toBe(true);
    expect(checkInviteMac(stolen, secret)).toBe(false);
  });

  it('of a request does not serve for an acceptance', () => {
    expect(invited.invite?.mac).not.toEqual(accepted.inviteMac);
    const stolen = { ...accepted, inviteMac: invited.invite?.mac } as typeof accepted;
    expect(checkInviteMac(stolen, secret)).toBe(false);
  });
});

function expired(): VerifiedCard {
  const { v: _v, agentId: _id, publicKey: _key, signature: _signature, ...fields } = alice.card;
  return signCard({ ...fields, expiresAt: now }, alice.root);
}
