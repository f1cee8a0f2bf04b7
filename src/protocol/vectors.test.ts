import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { defaultLimits, fromHex, fromUtf8, MeshError, toHex, toUtf8 } from '#kernel';
import {
  cardBytes,
  type AgentId,
  keyPairFromSeed,
  parseAgentId,
  publicKeyOf,
  type VerifiedCard,
  verify,
  verifyCard,
} from '#identity';
import { codeThrownBy } from '../../test/support/code-thrown-by.ts';
import {
  type AuthTranscript,
  authTranscript,
  BlobIdMaker,
  blobShape,
  checkInviteMac,
  chunkIdOf,
  chunkKeyOf,
  chunkPlace,
  type ContactCheck,
  decodeBatch,
  decodeFrame,
  decodeHubInvite,
  decodeInvite,
  decodeLinkOperation,
  decodeMessage,
  decodeReceipt,
  encodeBatch,
  encodeFrame,
  encodeHubInvite,
  encodeLanText,
  encodeInvite,
  encodeLinkOperation,
  encodeMessage,
  encodeReceipt,
  fromMessageJson,
  openChunk,
  sealChunk,
  type LinkHello,
  type HubReceiptCheck,
  parseDiscovery,
  signFrameAnswers,
  parseLanText,
  signHubReceipt,
  toMessageJson,
  type VerifiedContactAccept,
  type VerifiedContactRequest,
  verifyContactAccept,
  verifyContactRequest,
  verifyFrameAnswers,
  verifyHubReceipt,
} from './index.ts';

interface Vectors<Case> {
  readonly valid: readonly (Case & { readonly name: string })[];
  readonly invalid: readonly (Case & { readonly name: string; readonly error: string })[];
}

/** Runs every case of a file; an empty file fails. */
function runVectors<Case>(file: string, run: (entry: Case) => void): void {
  const url = new URL(`../../test/vectors/${file}.json`, import.meta.url);
  const vectors = JSON.parse(readFileSync(url, 'utf8')) as Vectors<Case>;
  describe(`the vectors of ${file}`, () => {
    it('has valid and invalid cases', () => {
      expect(vectors.valid.length).toBeGreaterThan(0);
      expect(vectors.invalid.length).toBeGreaterThan(0);
    });
    for (const entry of vectors.valid) it(`accepts: ${entry.name}`, () => run(entry));
    for (const entry of vectors.invalid) {
      it(`refuses with ${entry.error}: ${entry.name}`, () => expect(codeThrownBy(() => run(entry))).toBe(entry.error));
    }
  });
}

/** A value with every byte string in hex, as the vectors show it. */
function inHex(value: unknown): unknown {
  if (value instanceof Uint8Array) return toHex(value);
  if (Array.isArray(value)) return value.map(inHex);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, inHex(entry)]));
}

interface Encoded {
  readonly encoded: string;
  /** Several encodings mean this: it is not encoded back. */
  readonly oneWay?: boolean;
}

interface Codec<T> {
  readonly decode: (bytes: Uint8Array) => T;
  readonly encode: (value: T) => Uint8Array;
}

/** Decodes, compares with what the vector says under `key`, encodes again. */
function runCodec<T>(entry: Encoded, key: string, { decode, encode }: Codec<T>): void {
  const value = decode(fromHex(entry.encoded));
  expect(inHex(value)).toEqual((entry as unknown as Record<string, unknown>)[key]);
  if (entry.oneWay !== true) expect(toHex(encode(value))).toBe(entry.encoded);
}

runVectors<Encoded>('frame', (entry) => runCodec(entry, 'frame', { decode: decodeFrame, encode: encodeFrame }));
runVectors<Encoded>('receipt', (entry) => runCodec(entry, 'receipt', { decode: decodeReceipt, encode: encodeReceipt }));
runVectors<Encoded>('batch', (entry) => runCodec(entry, 'batch', { decode: decodeBatch, encode: encodeBatch }));
runVectors<Encoded>('link-operation', (entry) =>
  runCodec(entry, 'operation', { decode: decodeLinkOperation, encode: encodeLinkOperation }),
);

runVectors<Encoded>('hub-operation', (entry) =>
  runCodec(entry, 'operation', { decode: decodeLinkOperation, encode: encodeLinkOperation }),
);

interface HubReceiptCase {
  readonly encoded: string;
  readonly judged: HubReceiptCheck;
  readonly receipt?: object;
  readonly seed?: string;
}

runVectors<HubReceiptCase>('hub-receipt', ({ encoded, judged, receipt, seed }) => {
  const verified = verifyHubReceipt(fromHex(encoded), judged);
  expect(inHex(verified)).toEqual(receipt);
  expect(toHex(signHubReceipt(verified, keyPairFromSeed(fromHex(seed ?? ''))))).toBe(encoded);
});

interface FrameAnswersCase {
  readonly encoded: string;
  readonly judged: { readonly from: AgentId; readonly to: readonly AgentId[] };
  readonly statement?: object;
  readonly seed?: string;
}

runVectors<FrameAnswersCase>('frame-answers', ({ encoded, judged, statement, seed }) => {
  const verified = verifyFrameAnswers(fromHex(encoded), { ...judged, limits: defaultLimits });
  expect(inHex(verified)).toEqual(statement);
  expect(toHex(signFrameAnswers(verified, keyPairFromSeed(fromHex(seed ?? ''))))).toBe(encoded);
});

runVectors<InviteCase>('hub-invite', ({ text, canonical, invite }) => {
  const decoded = decodeHubInvite(text);
  expect(inHex(decoded)).toEqual(invite);
  expect(encodeHubInvite(decoded)).toBe(canonical);
});

runVectors<{ readonly encoded: string; readonly message: unknown }>('message', ({ encoded, message }) => {
  const decoded = decodeMessage(fromHex(encoded));
  expect(toMessageJson(decoded)).toEqual(message);
  expect(toHex(encodeMessage(decoded))).toBe(encoded);
  expect(fromMessageJson(message)).toEqual(decoded);
});

interface ContactCase {
  readonly encoded: string;
  readonly now: number;
  readonly self: string;
  readonly statement?: object;
  readonly signedBytes?: string;
  readonly inviteSecret?: string;
  readonly macOver?: string;
}

type Verified = VerifiedContactRequest | VerifiedContactAccept;

function runContact(entry: ContactCase, verifyStatement: (bytes: Uint8Array, check: ContactCheck) => Verified): void {
  const check = { now: entry.now, self: parseAgentId(entry.self), limits: defaultLimits };
  const verified = verifyStatement(fromHex(entry.encoded), check);
  if (entry.statement !== undefined) expect(inHex(verified)).toEqual(entry.statement);
  if (entry.inviteSecret === undefined) return;
  if (!checkInviteMac(verified, fromHex(entry.inviteSecret))) throw new MeshError('INVITE_INVALID');
}

runVectors<ContactCase>('contact-request', (entry) => runContact(entry, verifyContactRequest));
runVectors<ContactCase>('contact-accept', (entry) => runContact(entry, verifyContactAccept));

interface InviteCase {
  readonly text: string;
  readonly canonical: string;
  readonly invite: object;
}

runVectors<InviteCase>('invite', ({ text, canonical, invite }) => {
  const decoded = decodeInvite(text);
  expect(inHex(decoded)).toEqual(invite);
  expect(encodeInvite(decoded)).toBe(canonical);
});

interface DiscoveryCase {
  readonly now: number;
  readonly document: { readonly agents: readonly VerifiedCard[] };
  readonly ignored?: readonly string[];
}

runVectors<DiscoveryCase>('discovery', ({ now, document, ignored = [] }) => {
  const parsed = parseDiscovery(document);
  const known = Object.entries(document).filter(([key]) => !ignored.includes(key));
  expect(parsed).toEqual(Object.fromEntries(known));
  const cards = parsed.agents.map((card) => fromUtf8(cardBytes(verifyCard(card, { now }))));
  expect(cards).toEqual(document.agents.map((card) => fromUtf8(cardBytes(card))));
});

interface LanTextCase {
  readonly strings: readonly string[];
  readonly versions: readonly number[];
  readonly oneWay?: boolean;
}
runVectors<LanTextCase>('lan-text', ({ strings, versions, oneWay = false }) => {
  expect(parseLanText(strings)).toEqual({ versions });
  const encoded = Object.entries(encodeLanText({ versions })).map(([key, value]) => `${key}=${value}`);
  if (!oneWay) expect(encoded).toEqual(strings);
});

interface TranscriptCase {
  readonly dialler: HelloJson;
  readonly listener: HelloJson;
  readonly side: 'dialler' | 'listener';
  readonly listenerId: string;
  readonly diallerId?: string;
  readonly incarnation?: string;
  readonly signature: string;
  readonly signedBytes?: string;
}

type HelloJson = Omit<LinkHello, 'nonce'> & { readonly nonce: string };

runVectors<TranscriptCase>('auth-transcript', (entry) => {
  const transcript = transcriptOf(entry);
  const signer = transcript.side === 'dialler' ? transcript.diallerId : transcript.listenerId;
  const data = authTranscript(transcript);
  if (entry.signedBytes !== undefined) {
    expect(toHex(toUtf8('agent-mesh/link-auth/1\0')) + toHex(data)).toBe(entry.signedBytes);
  }
  const signature = fromHex(entry.signature);
  const holds = verify({ context: 'link-auth', publicKey: publicKeyOf(signer), data, signature });
  if (!holds) throw new MeshError('HANDSHAKE_FAILED');
});

function transcriptOf({ dialler, listener, side, listenerId, diallerId, incarnation }: TranscriptCase): AuthTranscript {
  const helloOf = (hello: HelloJson): LinkHello => ({ ...hello, nonce: fromHex(hello.nonce) });
  const common = {
    dialler: helloOf(dialler),
    listener: helloOf(listener),
    listenerId: parseAgentId(listenerId),
    ...(incarnation === undefined ? {} : { incarnation: fromHex(incarnation) }),
  };
  return side === 'listener' ? { ...common, side } : { ...common, side, diallerId: parseAgentId(diallerId) };
}

interface BlobCase {
  readonly chunkBytes: number;
  readonly key: string;
  readonly chunkKey: string;
  readonly plain: string;
  readonly sealed: readonly string[];
  readonly sealedBytes: number;
  readonly chunkIds: readonly string[];
  readonly blob: string;
}

type ChunkCase = Pick<BlobCase, 'key'> & { readonly no: number; readonly isLast: boolean; readonly sealed: string };

runVectors<BlobCase | ChunkCase>('blob', (entry) => {
  const key = chunkKeyOf(fromHex(entry.key));
  if ('no' in entry) {
    openChunk(key, entry, fromHex(entry.sealed));
    return;
  }
  expect(toHex(key)).toBe(entry.chunkKey);
  const plain = fromHex(entry.plain);
  const shape = blobShape(plain.length, entry.chunkBytes);
  expect([shape.chunks, shape.sealedBytes]).toEqual([entry.sealed.length, entry.sealedBytes]);
  const id = new BlobIdMaker();
  for (const [no, hex] of entry.sealed.entries()) {
    const which = { no, isLast: no === shape.chunks - 1 };
    const part = plain.subarray(no * entry.chunkBytes, (no + 1) * entry.chunkBytes);
    expect(sealChunk(key, which, part).map(toHex).join('')).toBe(hex);
    expect(toHex(openChunk(key, which, fromHex(hex)))).toBe(toHex(part));
    expect(chunkPlace(shape, no).bytes * 2).toBe(hex.length);
    const chunkId = chunkIdOf([fromHex(hex)]);
    expect(toHex(chunkId)).toBe(entry.chunkIds[no]);
    id.add(chunkId);
  }
  expect(toHex(id.end())).toBe(entry.blob);
});
