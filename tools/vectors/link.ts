import { cardBytes, encodeIncarnation, encodeRotation, signIncarnation, signRotation } from '#identity';
import { encodeCbor, toHex } from '#kernel';
import {
  authTranscript,
  decodeLinkOperation,
  encodeLinkOperation,
  type LinkHello,
  type LinkOperation,
} from '#protocol';
import { alice, aliceNext, bob, type NamedCase, now, seedHex, signAs, signedHex, type VectorFile } from './seeds.ts';
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

const dialler: LinkHello = { op: 'hello', versions: [1], nonce: counting(32), to: bobId };
const listener: LinkHello = { op: 'hello', versions: [1, 2], nonce: counting(64).subarray(32) };
const signature = counting(64);
const rotation = encodeRotation(signRotation({ from: alice, to: aliceNext, at: now }));
const incarnation = encodeIncarnation(signIncarnation(alice, { number: now, id: counting(16), asOf: now - 1000 }));

const operations: readonly LinkOperation[] = [
  dialler,
  listener,
  { op: 'auth', agentIds: [aliceId], signatures: [signature], rotations: [] },
  { op: 'auth', agentIds: [aliceId], signatures: [signature], rotations: [rotation] },
  { op: 'auth', agentIds: [aliceId], signatures: [signature], rotations: [], incarnation },
  { op: 'frame', frame: counting(10) },
  { op: 'delivered', frameId: frameId(1) },
  { op: 'delivered', frameId: frameId(1), code: 'INBOX_FULL', retryAfterMs: 60_000 },
  { op: 'stored', frameId: frameId(1), receipt: counting(12) },
  { op: 'refused', frameId: frameId(1), code: 'SESSION_UNKNOWN' },
  { op: 'refused', frameId: frameId(2), code: 'RATE_LIMITED', retryAfterMs: 1500 },
  { op: 'credit', frames: 256, bytes: 8_388_608 },
  { op: 'card.get', n: 1, agent: aliceId },
  { op: 'card', n: 1, agent: aliceId, card: cardBytes(aliceCard) },
  { op: 'keypackage.take', n: 2, agent: aliceId },
  { op: 'keypackage', n: 2, agent: aliceId, bytes: counting(10) },
  { op: 'blob.get', n: 3, blob: counting(32), offset: 1_048_592, bytes: 524_288, have: 1 },
  { op: 'blob', n: 3, bytes: counting(20) },
  { op: 'blob', n: Number.MAX_SAFE_INTEGER, bytes: counting(300) },
  { op: 'ping', n: 0 },
  { op: 'pong', n: Number.MAX_SAFE_INTEGER },
  { op: 'pong', n: 1, at: now },
  { op: 'error', code: 'SUPERSEDED', proof: incarnation },
  { op: 'error', code: 'RATE_LIMITED', retryAfterMs: 1500 },
  { op: 'error', code: 'NOT_TRUSTED', n: 2, hint: 'Ask for contact first.' },
];

function valid(operation: LinkOperation, index: number): NamedCase {
  const encoded = encodeLinkOperation(operation);
  decodeLinkOperation(encoded);
  return { name: `${index + 1} ${operation.op}`, encoded: toHex(encoded), operation: inHex(operation) };
}

const auth = { op: 'auth', agentIds: [aliceId], signatures: [signature], rotations: [] };
const blobGet = { op: 'blob.get', n: 3, blob: counting(32), offset: 0, bytes: 1, have: 0 };
const refused = { op: 'refused', frameId: frameId(1), code: 'NOT_INVENTED_YET' };

export const linkOperationVectors: VectorFile = {
  spec: 'spec/06-links.md 6.5, spec/07-errors.md 7.2',
  description: 'Operations of the link protocol in CBOR.',
  valid: [
    ...operations.map(valid),
    {
      ...cborCase('a code that is not known reads as INTERNAL', refused),
      operation: { ...refused, code: 'INTERNAL' },
      oneWay: true,
    },
  ],
  invalid: refusedWith('MALFORMED', [
    ...wrongEncodings(toHex(encodeCbor({ op: 'ping', n: 1 }))),
    cborCase('no operation', { n: 1 }),
    cborCase('an operation that is not known', { op: 'sing', n: 1 }),
    cborCase('an operation named after what every object has', { op: '__proto__' }),
    cborCase('a key that is not known', { op: 'ping', n: 1, m: 1 }),
    cborCase('a key is missing', { op: 'pong' }),
    cborCase('a number below nothing', { op: 'ping', n: -1 }),
    cborCase('a hello without versions', { ...listener, versions: [] }),
    cborCase('a hello with version 0', { ...listener, versions: [0] }),
    cborCase('a hello with a nonce of 31 bytes', { ...listener, nonce: counting(31) }),
    cborCase('a hello to nobody', { ...listener, to: 'bob' }),
    cborCase('a proof of nobody', { ...auth, agentIds: [], signatures: [] }),
    cborCase('a proof without signature', { ...auth, signatures: [] }),
    cborCase('a signature of 65 bytes', { ...auth, signatures: [counting(65)] }),
    cborCase('a rotation of 513 bytes', { ...auth, rotations: [new Uint8Array(513)] }),
    cborCase('an empty incarnation', { ...auth, incarnation: new Uint8Array() }),
    cborCase('an incarnation of 513 bytes', { ...auth, incarnation: new Uint8Array(513) }),
    cborCase('a proof that is text', { op: 'error', code: 'SUPERSEDED', proof: 'trust me' }),
    cborCase('a pong of yesteryear', { op: 'pong', n: 1, at: -1 }),
    cborCase('an empty frame', { op: 'frame', frame: new Uint8Array() }),
    cborCase('a frame that is a map', { op: 'frame', frame: { v: 1 } }),
    cborCase('delivered without a frame', { op: 'delivered', frameId: 'frm_1' }),
    cborCase('delivered with a pause of no length', { op: 'delivered', frameId: frameId(1), code: 'INBOX_FULL' }),
    cborCase('delivered with a pause without a reason', { op: 'delivered', frameId: frameId(1), retryAfterMs: 1 }),
    cborCase('stored without a receipt', { op: 'stored', frameId: frameId(1) }),
    cborCase('refused until a time before now', { ...refused, retryAfterMs: -1 }),
    cborCase('refused with a sentence', { ...refused, code: 'no, thanks' }),
    cborCase('credit as text', { op: 'credit', frames: '1', bytes: 1 }),
    cborCase('a card of nobody', { op: 'card.get', n: 1, agent: 'alice' }),
    cborCase('a blob of 31 bytes', { ...blobGet, blob: counting(31) }),
    cborCase('no bytes of a blob', { ...blobGet, bytes: 0 }),
    cborCase('more bytes of a blob than may be asked for', { ...blobGet, bytes: 524_289 }),
    cborCase('a place before the blob', { ...blobGet, offset: -1 }),
    cborCase('an empty piece', { op: 'blob', n: 3, bytes: new Uint8Array() }),
    cborCase('a piece of 65 537 bytes', { op: 'blob', n: 3, bytes: new Uint8Array(65_537) }),
    cborCase('a piece that is text', { op: 'blob', n: 3, bytes: 'x' }),
    cborCase('a piece with a place', { op: 'blob', n: 3, bytes: counting(1), offset: 0 }),
    hexCase('a piece whose length is longer than it need be', 'a3616e03626f7064626c6f6265627974657358010a'),
    hexCase('a piece that is cut', 'a3616e03626f7064626c6f626562797465734401020a'),
    hexCase('bytes behind a piece', 'a3616e03626f7064626c6f626562797465734101020a'),
    cborCase('a hint with an escape sequence', { op: 'error', code: 'INTERNAL', hint: '\u001b[2J' }),
  ]),
};

const hellos = { dialler, listener };
const listenerBytes = authTranscript({ ...hellos, side: 'listener', listenerId: bobId });
const diallerBytes = authTranscript({ ...hellos, side: 'dialler', listenerId: bobId, diallerId: aliceId });
const listenerProof = { dialler: inHex(dialler), listener: inHex(listener), side: 'listener', listenerId: bobId };
const diallerProof = { ...listenerProof, side: 'dialler', diallerId: aliceId };
const asBob = toHex(signAs(bob, 'link-auth', listenerBytes));
const asAlice = toHex(signAs(alice, 'link-auth', diallerBytes));
const livingBytes = authTranscript({
  ...hellos,
  side: 'dialler',
  listenerId: bobId,
  diallerId: aliceId,
  incarnation,
});
const livingProof = { ...diallerProof, incarnation: toHex(incarnation) };
const asLivingAlice = toHex(signAs(alice, 'link-auth', livingBytes));

export const authTranscriptVectors: VectorFile = {
  spec: 'spec/06-links.md 6.2',
  description: 'What the two sides of a link sign in context link-auth, bob being the listener and alice the dialler.',
  valid: [
    {
      name: 'the listener',
      ...listenerProof,
      seed: seedHex(bob),
      signedBytes: signedHex('link-auth', listenerBytes),
      signature: asBob,
    },
    {
      name: 'the dialler',
      ...diallerProof,
      seed: seedHex(alice),
      signedBytes: signedHex('link-auth', diallerBytes),
      signature: asAlice,
    },
    {
      name: 'a dialler that was brought back',
      ...livingProof,
      seed: seedHex(alice),
      signedBytes: signedHex('link-auth', livingBytes),
      signature: asLivingAlice,
    },
  ],
  invalid: refusedWith('HANDSHAKE_FAILED', [
    { name: 'a proof given back', ...listenerProof, listenerId: aliceId, signature: asAlice },
    {
      name: 'the proof for another nonce',
      ...diallerProof,
      dialler: inHex({ ...dialler, nonce: signature.subarray(32) }),
      signature: asAlice,
    },
    { name: 'the proof for another listener', ...diallerProof, listenerId: aliceId, signature: asAlice },
    {
      name: 'the proof for other versions',
      ...diallerProof,
      listener: inHex({ ...listener, versions: [1] }),
      signature: asAlice,
    },
    { name: 'the incarnation left out on the way', ...diallerProof, signature: asLivingAlice },
    { name: 'an incarnation added on the way', ...livingProof, signature: asAlice },
    { name: 'the proof of the other side', ...diallerProof, signature: asBob },
    { name: 'signed for another purpose', ...listenerProof, signature: toHex(signAs(bob, 'card', listenerBytes)) },
  ]),
};
