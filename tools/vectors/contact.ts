import { cardBytes, signCard } from '#identity';
import { decodeCbor, encodeCbor, fromUtf8, toHex } from '#kernel';
import { type NewContactAccept, type NewContactRequest, signContactAccept, signContactRequest } from '#protocol';
import { alice, bob, day, type NamedCase, now, seedHex, signAs, signedHex, type VectorFile } from './seeds.ts';
import { aliceCard, aliceId, bobId, counting, inHex, inviteId, refusedWith, wrongEncodings } from './wire-values.ts';

const secret = counting(16);
const nonce = counting(32).subarray(16);
const common = { card: aliceCard, to: bobId, at: now, keyPackage: counting(40), root: alice };
const request: NewContactRequest = { ...common, nonce };
const accept: NewContactAccept = { ...common, requestNonce: nonce };
type Context = 'contact-request' | 'contact-accept';
type Fields = Readonly<Record<string, unknown>>;

const fieldsOf = (encoded: Uint8Array): Fields => decodeCbor(encoded) as Fields;
const without = (fields: Fields, key: string): Fields =>
  Object.fromEntries(Object.entries(fields).filter(([name]) => name !== key));

/** How a case is read: by bob, at `at`. */
const readBy = (encoded: Uint8Array, at = now, self: string = bobId) => ({ encoded: toHex(encoded), now: at, self });

interface Made {
  readonly context: Context;
  readonly encoded: Uint8Array;
  readonly secret?: Uint8Array;
  /** What the MAC is over. */
  readonly core?: Fields;
}

function valid(name: string, made: Made): NamedCase {
  const fields = fieldsOf(made.encoded);
  const card: unknown = JSON.parse(fromUtf8(fields['card'] as Uint8Array));
  return {
    name,
    ...readBy(made.encoded),
    rootSeed: seedHex(alice),
    statement: { ...(inHex(without(fields, 'signature')) as object), card },
    signedBytes: signedHex(made.context, encodeCbor(without(fields, 'signature'))),
    ...(made.secret && made.core
      ? { inviteSecret: toHex(made.secret), macOver: macOver(made.context, made.core) }
      : {}),
  };
}

const macOver = (context: Context, core: Fields): string =>
  toHex(new TextEncoder().encode(`agent-mesh/${context.replace('contact', 'invite')}/1\0`)) + toHex(encodeCbor(core));

/** A statement that breaks a rule although the key of its card signed exactly this. */
function signed(context: Context, from: Uint8Array, change: object): Uint8Array {
  const fields = { ...without(fieldsOf(from), 'signature'), ...change };
  return encodeCbor({ ...fields, signature: signAs(alice, context, encodeCbor(fields)) });
}

function refusals(context: Context, plain: Uint8Array): VectorFile['invalid'] {
  const other: Context = context === 'contact-request' ? 'contact-accept' : 'contact-request';
  const unsigned = without(fieldsOf(plain), 'signature');
  const signedBy = (signature: Uint8Array): Uint8Array => encodeCbor({ ...unsigned, signature });
  const as = (name: string, change: object): NamedCase => ({ name, ...readBy(signed(context, plain, change)) });
  const expired = signCard({ ...cardFields(), expiresAt: now }, alice);
  const bobsCard = signCard({ ...cardFields(), name: 'bob' }, bob);
  const cardText = fromUtf8(cardBytes(aliceCard));
  const withCard = (name: string, text: string): NamedCase => as(name, { card: new TextEncoder().encode(text) });
  return [
    ...refusedWith('MALFORMED', [
      ...wrongEncodings(toHex(plain)).map((entry) => ({ ...entry, now, self: bobId })),
      as('a key that is not known', { tier: 'owner' }),
      as('no key package', { keyPackage: new Uint8Array() }),
      as('a recipient that is no agent id', { to: 'bob' }),
      as('a time as text', { at: String(now) }),
      { name: 'a signature of 63 bytes', ...readBy(signedBy(counting(63))) },
    ]),
    ...refusedWith('UNSUPPORTED_VERSION', [as('version 2', { v: 2 })]),
    ...refusedWith('WRONG_RECIPIENT', [{ name: 'read by another agent', ...readBy(plain, now, aliceId) }]),
    ...refusedWith('TIMESTAMP_STALE', [{ name: '300 001 ms old', ...readBy(plain, now + 300_001) }]),
    ...refusedWith('TIMESTAMP_FUTURE', [{ name: '60 001 ms ahead', ...readBy(plain, now - 60_001) }]),
    ...refusedWith('CARD_EXPIRED', [as('with a card that has expired', { card: cardBytes(expired) })]),
    ...refusedWith('CARD_ID_MISMATCH', [
      withCard('with a card whose id is not that of its key', cardText.replace(aliceId, bobId)),
    ]),
    ...refusedWith('CARD_INVALID', [
      withCard('with a card that is not JSON', 'alice'),
      withCard('with a card that is not in canonical form', ` ${cardText}`),
    ]),
    ...refusedWith('SIGNATURE_INVALID', [
      withCard('with a card that was changed', cardText.replace('"alice"', '"alicf"')),
      as('with the card of another agent', { card: cardBytes(bobsCard) }),
      { name: 'signed by another key', ...readBy(signedBy(signAs(bob, context, encodeCbor(unsigned)))) },
      { name: 'signed for another purpose', ...readBy(signedBy(signAs(alice, other, encodeCbor(unsigned)))) },
      { name: 'another time than was signed', ...readBy(encodeCbor({ ...fieldsOf(plain), at: now + 1 })) },
    ]),
  ];
}

function cardFields() {
  const { v: _v, agentId: _id, publicKey: _key, signature: _signature, ...fields } = aliceCard;
  return { ...fields, createdAt: now - day };
}

const plainRequest = signContactRequest(request);
const id = inviteId(1);
const invited = signContactRequest({ ...request, purpose: 'Code review for the parser ✓', invite: { id, secret } });
const invitedCore = { ...without(fieldsOf(invited), 'signature'), invite: { id } };
const { mac } = fieldsOf(invited)['invite'] as { mac: Uint8Array };
const requestAs = (name: string, change: object): NamedCase => ({
  name,
  ...readBy(signed('contact-request', invited, change)),
});

export const contactRequestVectors: VectorFile = {
  spec: 'spec/04-contacts.md 4.1, 4.2, 4.5',
  description:
    'Contact requests in CBOR, read by `self` at `now`. With `inviteSecret` the proof of the invite is judged too.',
  valid: [
    valid('without purpose and invite', { context: 'contact-request', encoded: plainRequest }),
    valid('with purpose and invite', { context: 'contact-request', encoded: invited, secret, core: invitedCore }),
    { name: '300 000 ms old', ...readBy(plainRequest, now + 300_000) },
    { name: '60 000 ms ahead', ...readBy(plainRequest, now - 60_000) },
  ],
  invalid: [
    ...refusals('contact-request', plainRequest),
    ...refusedWith('MALFORMED', [
      requestAs('a purpose of 501 characters', { purpose: 'x'.repeat(501) }),
      requestAs('a purpose of two lines', { purpose: 'a\nb' }),
      requestAs('a nonce of 15 bytes', { nonce: counting(15) }),
      requestAs('an invite id with a path', { invite: { id: 'inv_../x', mac } }),
      requestAs('an invite without proof', { invite: { id } }),
      requestAs('a proof of 31 bytes', { invite: { id, mac: mac.subarray(1) } }),
    ]),
    ...refusedWith('INVITE_INVALID', [
      { name: 'another secret', ...readBy(invited), inviteSecret: toHex(counting(17).subarray(1)) },
      { ...requestAs('the proof of another statement', { at: now - 1 }), inviteSecret: toHex(secret) },
      {
        ...requestAs('the proof of another invite', { invite: { id: inviteId(2), mac } }),
        inviteSecret: toHex(secret),
      },
      { name: 'no proof at all', ...readBy(plainRequest), inviteSecret: toHex(secret) },
    ]),
  ],
};

const plainAccept = signContactAccept(accept);
const invitedAccept = signContactAccept({ ...accept, inviteSecret: secret });
const acceptCore = without(without(fieldsOf(invitedAccept), 'signature'), 'inviteMac');
const acceptAs = (name: string, change: object): NamedCase => ({
  name,
  ...readBy(signed('contact-accept', plainAccept, change)),
});

export const contactAcceptVectors: VectorFile = {
  spec: 'spec/04-contacts.md 4.1, 4.3, 4.5',
  description:
    'Acceptances in CBOR, read by `self` at `now`. With `inviteSecret` the proof of the invite is judged too.',
  valid: [
    valid('of a request', { context: 'contact-accept', encoded: plainAccept }),
    valid('of a request with an invite', {
      context: 'contact-accept',
      encoded: invitedAccept,
      secret,
      core: acceptCore,
    }),
  ],
  invalid: [
    ...refusals('contact-accept', plainAccept),
    ...refusedWith('MALFORMED', [
      acceptAs('a nonce of 17 bytes', { requestNonce: counting(17) }),
      acceptAs('a purpose', { purpose: 'hello' }),
      acceptAs('a proof of 33 bytes', { inviteMac: counting(33) }),
    ]),
    ...refusedWith('INVITE_INVALID', [
      { ...acceptAs('the proof of a request', { inviteMac: mac }), inviteSecret: toHex(secret) },
      { name: 'no proof at all', ...readBy(plainAccept), inviteSecret: toHex(secret) },
    ]),
  ],
};
