import { agentIdOf, type CardFields, cardBytes, issueDeviceCertificate, type KeyPair, signCard } from '#identity';
import { canonicalJson, fromUtf8, toBase64url } from '#kernel';
import {
  alice,
  aliceDevice,
  bob,
  day,
  type NamedCase,
  now,
  seedHex,
  signAs,
  signedHex,
  smallOrderKey,
  smallOrderSignature,
  type VectorFile,
} from './seeds.ts';

function deviceOf(root: KeyPair) {
  const devicePublicKey = aliceDevice.publicKey;
  const issued = issueDeviceCertificate({ root, devicePublicKey, notBefore: now - 300_000, notAfter: now + 365 * day });
  const { notBefore, notAfter } = issued;
  return { publicKey: toBase64url(devicePublicKey), notBefore, notAfter, signature: toBase64url(issued.signature) };
}

const fields: CardFields = {
  name: 'alice',
  displayName: 'Alice’s helper ✓',
  devices: [deviceOf(alice)],
  endpoints: ['http://192.0.2.1:8787', 'https://alice.example/mesh'],
  mailboxes: [],
  capabilities: [{ id: 'code-review', description: 'Reviews TypeScript.', tags: ['typescript', 'review'] }],
  suites: ['MLS_256_XWING_CHACHA20POLY1305_SHA512_Ed25519'],
  seq: 7,
  createdAt: now,
  expiresAt: now + 365 * day,
};

const card = signCard(fields, alice);
const { displayName: _name, ...unnamed } = fields;
const plain = signCard({ ...unnamed, devices: [], endpoints: [], capabilities: [], seq: 0 }, alice);
const { signature: _signature, ...unsigned } = card;

type Change = Readonly<Record<string, unknown>>;

/** The card with fields changed after it was signed. */
const forged = (name: string, change: Change) => ({ name, card: { ...card, ...change }, now });

/** A card that breaks a rule although its own key signed exactly this. */
function signed(name: string, change: Change, key: KeyPair = alice) {
  const body = JSON.parse(JSON.stringify({ ...unsigned, ...change })) as Change;
  return { name, card: { ...body, signature: toBase64url(signAs(key, 'card', canonicalJson(body))) }, now };
}

const refusedWith = (error: string, cases: readonly NamedCase[]) => cases.map((entry) => ({ ...entry, error }));

const badEndpoints = {
  'of another scheme': 'ftp://alice.example/',
  'with a script': 'javascript:alert(1)',
  'of a file': 'file:///etc/passwd',
  'with credentials': 'http://user:secret@alice.example/',
  'with an empty user': 'http://@alice.example/',
  'with a query': 'http://alice.example/?token=1',
  'with a fragment': 'http://alice.example/#x',
  'with a blank': 'http://alice.example/a b',
  'with a line break': 'http://alice.example/\r\nX: 1',
  'with a backslash': 'http://alice.example\\@evil.example/',
  'without a host': 'http:///mesh',
  'that is relative': '/mesh/v1/link',
  'of 513 characters': `http://alice.example/${'a'.repeat(492)}`,
};

const badDisplayNames = {
  'that is empty': '',
  'with a line break': 'Alice\nBob',
  'with an escape sequence': 'Alice\u001b[2J',
  'with a direction override': 'Alice\u202Eecila',
  'of more than 500 bytes': 'é'.repeat(251),
  'that is a number': 7,
  'that is null': null,
};

const capability = { id: 'a', description: '', tags: [] };
const large = Array.from({ length: 32 }, (_entry, index) => ({
  ...capability,
  id: `c${index}`,
  description: 'x'.repeat(500),
}));

const brokenForm = [
  { name: 'null', card: null, now },
  { name: 'a list', card: [card], now },
  { name: 'text', card: 'card', now },
  signed('a key that is not known', { admin: true }),
  { name: 'a key is missing', card: unsigned, now },
  signed('version is text', { v: '1' }),
  signed('name with capitals', { name: 'Alice' }),
  signed('name with a path', { name: '../alice' }),
  signed('name with NUL', { name: 'alice\0' }),
  signed('name of 64 characters', { name: 'a'.repeat(64) }),
  ...Object.entries(badDisplayNames).map(([what, displayName]) => signed(`display name ${what}`, { displayName })),
  ...Object.entries(badEndpoints).map(([what, endpoint]) => signed(`endpoint ${what}`, { endpoints: [endpoint] })),
  signed('nine endpoints', { endpoints: Array.from({ length: 9 }, (_entry, index) => `http://192.0.2.${index}:8787`) }),
  signed('endpoints is text', { endpoints: 'http://192.0.2.1:8787' }),
  signed('mailbox with credentials', { mailboxes: ['https://user@hub.example/'] }),
  signed('capability with a key that is not known', { capabilities: [{ ...capability, cost: 1 }] }),
  signed('capability id with blanks', { capabilities: [{ ...capability, id: 'a b' }] }),
  signed('33 capabilities', {
    capabilities: Array.from({ length: 33 }, (_entry, index) => ({ ...capability, id: `c${index}` })),
  }),
  signed('more than 16 KB', { capabilities: large }),
  signed('suite with a blank', { suites: ['MLS 1'] }),
  signed('seq is negative', { seq: -1 }),
  signed('seq is not whole', { seq: 1.5 }),
  signed('seq beyond 2^53 - 1', { seq: 2 ** 53 }),
  signed('time is text', { createdAt: '2026-01-01T00:00:00Z' }),
  signed('expires before it was made', { expiresAt: now }),
  signed('public key with padding', { publicKey: `${card.publicKey}=` }),
  signed('public key of 31 bytes', { publicKey: toBase64url(alice.publicKey.subarray(1)) }),
  forged('signature of 63 bytes', { signature: card.signature.slice(0, -2) }),
  signed('agent id that is none', { agentId: 'did:key:z6Mk' }),
  signed('device without a signature', { devices: [{ ...deviceOf(alice), signature: '' }] }),
];

export const cardVectors: VectorFile = {
  spec: 'spec/01-identity.md 1.6, 1.8',
  description: 'Cards as parsed JSON, judged at the time `now` and against the card `pinned`, if there is one.',
  valid: [
    {
      name: 'all fields',
      rootSeed: seedHex(alice),
      deviceSeed: seedHex(aliceDevice),
      card,
      now,
      canonical: fromUtf8(cardBytes(card)),
      signedBytes: signedHex('card', canonicalJson(unsigned)),
    },
    { name: 'as little as allowed', card: plain, now, canonical: fromUtf8(cardBytes(plain)) },
    { name: 'the pinned one again', card, now, pinned: card },
    { name: 'a newer one than the pinned', card, now, pinned: plain },
    { name: 'in its last millisecond', card, now: card.expiresAt - 1 },
  ],
  invalid: [
    ...refusedWith('CARD_INVALID', brokenForm),
    ...refusedWith('UNSUPPORTED_VERSION', [signed('version 2', { v: 2 })]),
    ...refusedWith('CARD_ID_MISMATCH', [
      signed('id of another key', { agentId: agentIdOf(bob.publicKey) }),
      signed('key of another id', { publicKey: toBase64url(bob.publicKey) }, bob),
      { name: 'pinned is another agent', card, now, pinned: signCard({ ...fields, devices: [] }, bob) },
    ]),
    ...refusedWith('SIGNATURE_INVALID', [
      forged('name changed', { name: 'mallory' }),
      forged('endpoint added', { endpoints: [...fields.endpoints, 'http://203.0.113.9:8787'] }),
      forged('display name taken away', { displayName: undefined }),
      forged('signed by another key', { signature: toBase64url(signAs(bob, 'card', canonicalJson(unsigned))) }),
      forged('signed for another purpose', {
        signature: toBase64url(signAs(alice, 'link-auth', canonicalJson(unsigned))),
      }),
      {
        name: 'key of small order, under which this signature fits every text',
        card: {
          ...card,
          agentId: agentIdOf(smallOrderKey),
          publicKey: toBase64url(smallOrderKey),
          devices: [],
          signature: toBase64url(smallOrderSignature),
        },
        now,
      },
    ]).map(withoutUndefined),
    ...refusedWith('CERTIFICATE_INVALID', [signed('device certified by another root', { devices: [deviceOf(bob)] })]),
    ...refusedWith('CARD_ROLLBACK', [{ name: 'older than the pinned one', card: plain, now, pinned: card }]),
    ...refusedWith('CARD_EXPIRED', [{ name: 'at the end of its time', card, now: card.expiresAt }]),
  ],
};

function withoutUndefined<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T;
}
