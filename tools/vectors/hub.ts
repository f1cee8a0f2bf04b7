import { createHash } from 'node:crypto';
import { cardBytes } from '#identity';
import { concatBytes, encodeCbor, toBase64url, toHex } from '#kernel';
import {
  decodeLinkOperation,
  encodeHubInvite,
  encodeLinkOperation,
  type HubInvite,
  type LinkOperation,
  signHubReceipt,
} from '#protocol';
import { bob, day, type NamedCase, now, seedHex, signAs, signedHex, type VectorFile } from './seeds.ts';
import {
  aliceCard,
  aliceId,
  bobId,
  cborCase,
  counting,
  frameId,
  hexCase,
  inHex,
  refusedWith,
  wrongEncodings,
} from './wire-values.ts';

const room = counting(32);
const epoch = counting(16);
const item = { cursor: 7, at: now, frame: counting(10) };
const entry = { seq: 1, epoch: 0, from: aliceId, at: now, bytes: counting(10) };
const roster = { members: [aliceId, bobId], owners: [aliceId] };
const fetch = { op: 'fetch', n: 4, after: 0, frames: 64, bytes: 65_536, waitMs: 30_000 } as const;
const blobPut = { op: 'blob.put', n: 6, blob: counting(32), to: [bobId], offset: 0, size: 20 } as const;

const operations: readonly LinkOperation[] = [
  { op: 'card.put', n: 1, card: cardBytes(aliceCard) },
  { op: 'card.put', n: 1, card: cardBytes(aliceCard), invite: counting(16) },
  { op: 'keypackage.put', n: 2, packages: [counting(10), counting(12)], lastResort: counting(11) },
  { op: 'keypackage.put', n: 2, packages: [] },
  { op: 'directory', n: 3 },
  { op: 'directory', n: 3, search: 'Ärger', capability: 'code/review', after: 'alice' },
  fetch,
  { ...fetch, epoch, after: 7 },
  { op: 'ack', epoch, upTo: 7 },
  { op: 'presence', n: 5, agents: [aliceId, bobId] },
  { ...blobPut, bytes: counting(20) },
  blobPut,
  { op: 'blob.drop', n: 6, blob: counting(32) },
  { op: 'room.create', n: 7, room, ...roster },
  { op: 'room.members', n: 8, room, ...roster },
  { op: 'room.append', n: 9, room, epoch: 0, bytes: counting(10) },
  { op: 'room.read', n: 10, room, after: 0 },
  { op: 'done', n: 1 },
  { op: 'done', n: 6, have: 20 },
  { op: 'listing', n: 3, cards: [cardBytes(aliceCard)], next: 'alice' },
  { op: 'listing', n: 3, cards: [] },
  { op: 'frames', n: 4, epoch, after: 0, items: [item], more: true },
  { op: 'frames', n: 4, epoch, after: 7, items: [], more: false },
  { op: 'presence.is', n: 5, online: [bobId] },
  { op: 'room.appended', n: 9, seq: 1 },
  { op: 'room.taken', n: 9, seq: 1, bytes: counting(10) },
  { op: 'room.entries', n: 10, entries: [entry], more: false },
];

function valid(operation: LinkOperation, index: number): NamedCase {
  const encoded = encodeLinkOperation(operation);
  decodeLinkOperation(encoded);
  return { name: `${index + 1} ${operation.op}`, encoded: toHex(encoded), operation: inHex(operation) };
}

const append = { op: 'room.append', n: 9, room, epoch: 0, bytes: counting(10) };
const frames = { op: 'frames', n: 4, epoch, after: 0, items: [item], more: true };

export const hubOperationVectors: VectorFile = {
  spec: 'spec/12-hubs.md 12.2',
  description: 'What is said between agents and hubs over links of version 3, in CBOR.',
  valid: operations.map(valid),
  invalid: refusedWith('MALFORMED', [
    cborCase('a card for nobody', { op: 'card.put', n: 1 }),
    cborCase('an invite of 15 bytes', { op: 'card.put', n: 1, card: counting(10), invite: counting(15) }),
    cborCase('an empty key package', { op: 'keypackage.put', n: 2, packages: [new Uint8Array()] }),
    cborCase('33 key packages', {
      op: 'keypackage.put',
      n: 2,
      packages: Array.from({ length: 33 }, () => counting(1)),
    }),
    cborCase('a search with an escape sequence', { op: 'directory', n: 3, search: '\u001b[2J' }),
    cborCase('a directory behind no name', { op: 'directory', n: 3, after: 'Alice' }),
    cborCase('no frames', { ...fetch, frames: 0 }),
    cborCase('no bytes', { ...fetch, bytes: 0 }),
    cborCase('a wait of more than five minutes', { ...fetch, waitMs: 300_001 }),
    cborCase('the mailbox of another agent', { ...fetch, agent: bobId }),
    cborCase('an epoch of 15 bytes', { ...fetch, epoch: counting(15) }),
    cborCase('an ack without epoch', { op: 'ack', upTo: 7 }),
    cborCase('an ack that is a question', { op: 'ack', n: 1, epoch, upTo: 7 }),
    cborCase('the presence of nobody', { op: 'presence', n: 5, agents: [] }),
    cborCase('the presence of one agent twice', { op: 'presence', n: 5, agents: [aliceId, aliceId] }),
    cborCase('a blob for nobody', { ...blobPut, to: [] }),
    cborCase('a blob without a size', { ...blobPut, size: 0 }),
    cborCase('a piece of 65 537 bytes', { ...blobPut, bytes: counting(65_537) }),
    cborCase('an owner who is no member', { op: 'room.create', n: 7, room, members: [aliceId], owners: [bobId] }),
    cborCase('a room without owner', { op: 'room.create', n: 7, room, members: [aliceId], owners: [] }),
    cborCase('a room without a name', { ...append, room: new Uint8Array() }),
    cborCase('a room with a name of 65 bytes', { ...append, room: counting(65) }),
    cborCase('an empty entry', { ...append, bytes: new Uint8Array() }),
    cborCase('an entry of 262 145 bytes', { ...append, bytes: new Uint8Array(262_145) }),
    cborCase('more as a number', { ...frames, more: 1 }),
    cborCase('an item without a frame', { ...frames, items: [{ cursor: 7, at: now }] }),
    cborCase('an item with a key that is not known', { ...frames, items: [{ ...item, from: aliceId }] }),
    cborCase('an entry of nobody', { op: 'room.entries', n: 10, entries: [{ ...entry, from: 'alice' }], more: false }),
    cborCase('done without a question', { op: 'done' }),
  ]),
};

const facts = { v: 1, hub: bobId, frameId: frameId(1), to: aliceId, at: now } as const;
const receipt = signHubReceipt({ frameId: facts.frameId, to: facts.to, at: facts.at }, bob);
const signedPart = encodeCbor(facts);
const whole = { ...facts, signature: signAs(bob, 'hub-receipt', signedPart) };
const judged = { hub: bobId, frameId: facts.frameId, to: aliceId };
const receiptCase = (name: string, change: object, wanted: object = {}) => ({
  ...cborCase(name, { ...whole, ...change }),
  judged: { ...judged, ...wanted },
});

export const hubReceiptVectors: VectorFile = {
  spec: 'spec/12-hubs.md 12.4',
  description: 'Receipts of the hub bob for a frame to alice in CBOR; `judged` is what the reader wants one for.',
  valid: [
    {
      name: 'as it is signed',
      encoded: toHex(receipt),
      judged,
      receipt: inHex(whole),
      seed: seedHex(bob),
      signedBytes: signedHex('hub-receipt', signedPart),
    },
  ],
  invalid: [
    ...refusedWith('MALFORMED', [
      ...wrongEncodings(toHex(receipt)).map((one) => ({ ...one, judged })),
      receiptCase('another version', { v: 2 }),
      receiptCase('a signature of 63 bytes', { signature: counting(63) }),
      receiptCase('a key that is not known', { from: aliceId }),
      receiptCase('no frame', { frameId: 'frm_1' }),
    ]),
    ...refusedWith('SIGNATURE_INVALID', [
      receiptCase('for another frame', {}, { frameId: frameId(2) }),
      receiptCase('for another agent', {}, { to: bobId }),
      receiptCase('of another hub', {}, { hub: aliceId }),
      receiptCase('with another time', { at: now + 1 }),
      receiptCase('signed for another purpose', { signature: signAs(bob, 'card', signedPart) }),
    ]),
  ],
};

const invite: HubInvite = {
  hub: bobId,
  name: 'team',
  url: 'https://hub.example:7700',
  secret: counting(16),
  expiresAt: now + day,
};
const text = encodeHubInvite(invite);

/** With a right checksum, whatever it holds. */
function made(name: string, content: object): NamedCase {
  const bytes = encodeCbor(content);
  const checksum = createHash('sha256').update(bytes).digest().subarray(0, 4);
  return { name, text: `mesh-hub:${toBase64url(concatBytes(bytes, checksum))}` };
}

export const hubInviteVectors: VectorFile = {
  spec: 'spec/12-hubs.md 12.3',
  description: 'Invites to a hub as text. `canonical` is the text that is made of the content.',
  valid: [
    { name: 'as it is printed', text, canonical: text, invite: inHex(invite) },
    { name: 'broken into lines', text: text.replace(/.{32}/g, '$&\n'), canonical: text, invite: inHex(invite) },
  ],
  invalid: refusedWith('INVITE_INVALID', [
    { name: 'empty', text: '' },
    { name: 'an invite of an agent', text: text.replace('mesh-hub:', 'mesh:') },
    { name: 'cut off', text: text.slice(0, -4) },
    made('a key that is not known', { ...invite, admin: true }),
    made('a name with a blank', { ...invite, name: 'our team' }),
    made('a secret of 15 bytes', { ...invite, secret: counting(15) }),
    made('an address of another kind', { ...invite, url: 'file:///etc/passwd' }),
    { ...hexCase('no content', ''), text: 'mesh-hub:' },
  ]),
};
