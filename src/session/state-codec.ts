import type { ClientConfig, ClientState, EpochReceiverData, GenerationSecret, GroupState, RatchetTree } from 'ts-mls';
import { MeshError } from '#kernel';
import { type Chains, chainsOf, secretTreeOf } from './epoch.ts';
import { decodeGroupState, encodeGroupState } from './mls.ts';
import { suiteId } from './provider.ts';
import type { Side } from './roster.ts';
import { ownBytes } from './wire.ts';

/** What is counted for the rekey policy, over both directions in the present epoch (spec 5.5). */
export interface Counters {
  readonly frames: number;
  readonly bytes: number;
  /** Milliseconds since 1970. */
  readonly epochStartedAt: number;
}

/** Frames with a plaintext since the session began, over all epochs: the numbers of the next ones (spec 5.6). */
export interface Progress {
  readonly sealed: number;
  readonly opened: number;
}

export interface PairState {
  readonly mls: ClientState;
  readonly own: Side;
  readonly counters: Counters;
  readonly progress: Progress;
}

export const noProgress: Progress = { sealed: 0, opened: 0 };

/** The encoded part that stays the same within an epoch: encoding happens once a frame, this part once an epoch. */
export interface EpochCache {
  fixed?: Uint8Array;
}

/** What the library needs beside the stored bytes. */
export interface Environment {
  readonly config: ClientConfig;
  /** The device key: it is not stored with the session. */
  readonly signKey: Uint8Array;
}

// Stored form, version 2 (spec 5.10): header, fixed part, then the chains of each epoch, which change with every frame.
const formatVersion = 2;
const headerBytes = 44;
const secretBytes = 64;
const chainBytes = 4 + 1 + secretBytes;
const epochBytes = 4 * chainBytes;
const none = new Uint8Array(0);
// Stands for the tree of a retained epoch: the library decodes no tree without a node.
const noTree: RatchetTree = [
  { nodeType: 'parent', parent: { hpkePublicKey: none, parentHash: none, unmergedLeaves: [] } },
];

export function encodeState(state: PairState, cache: EpochCache): Uint8Array {
  const fixed = (cache.fixed ??= encodeFixed(state.mls));
  const epochs = epochsOf(state.mls);
  const result = new Uint8Array(headerBytes + fixed.length + epochs.length * epochBytes);
  writeHeader(new DataView(result.buffer), state, fixed.length);
  result.set(fixed, headerBytes);
  let offset = headerBytes + fixed.length;
  for (const { secretTree } of epochs) {
    for (const chain of chainList(chainsOf(secretTree, 0), chainsOf(secretTree, 1))) {
      writeChain(result, offset, chain);
      offset += chainBytes;
    }
  }
  return result;
}

/** Throws SESSION_BROKEN. The bytes are copied: wiping the session never touches the stored ones. */
export function decodeState(
  stored: Uint8Array,
  environment: Environment,
): { readonly state: PairState; readonly cache: EpochCache } {
  const bytes = ownBytes(stored);
  const { fixedEnd, ...header } = readHeader(bytes);
  const fixed = bytes.subarray(headerBytes, fixedEnd);
  const bare = decodeFixed(fixed);
  const chains = readChains(bytes, fixedEnd, 1 + bare.historicalReceiverData.size);
  const [current, ...retained] = chains;
  if (current === undefined) throw broken('has no chains');
  const history = [...bare.historicalReceiverData].map(([epoch, data], i): [bigint, EpochReceiverData] => {
    const past = retained[i];
    if (past === undefined) throw broken('lacks the chains of a retained epoch');
    return [epoch, { ...data, secretTree: secretTreeOf(...past), ratchetTree: bare.ratchetTree }];
  });
  const mls: ClientState = {
    ...bare,
    secretTree: secretTreeOf(...current),
    historicalReceiverData: new Map(history),
    signaturePrivateKey: environment.signKey,
    clientConfig: environment.config,
  };
  // A copy: the cache is overwritten after the epoch, while parts of the decoded state live on in the next.
  return { state: { mls, ...header }, cache: { fixed: ownBytes(fixed) } };
}

const epochsOf = (mls: GroupState) => [mls, ...mls.historicalReceiverData.values()];

const chainList = (creator: Chains, joiner: Chains) =>
  [creator.handshake, creator.application, joiner.handshake, joiner.application] as const;

/**
 * The library's encoding of the state without chains, without the device key, and without a copy of the tree for each
 * retained epoch.
 */
function encodeFixed(mls: GroupState): Uint8Array {
  const history = [...mls.historicalReceiverData].map(([epoch, data]): [bigint, EpochReceiverData] => [
    epoch,
    { ...data, secretTree: [], ratchetTree: noTree },
  ]);
  return encodeGroupState({
    ...mls,
    secretTree: [],
    signaturePrivateKey: none,
    historicalReceiverData: new Map(history),
  });
}

function decodeFixed(fixed: Uint8Array): GroupState {
  const [state, length] = tryDecode(fixed) ?? [undefined, 0];
  if (state === undefined || length !== fixed.length) throw broken('has a part that cannot be decoded');
  return state;
}

function tryDecode(fixed: Uint8Array): ReturnType<typeof decodeGroupState> {
  try {
    return decodeGroupState(fixed, 0);
  } catch {
    return undefined;
  }
}

function writeHeader(view: DataView, { own, counters, progress }: PairState, fixedLength: number): void {
  view.setUint8(0, formatVersion);
  view.setUint16(1, suiteId);
  view.setUint8(3, own);
  view.setUint32(4, counters.frames);
  view.setFloat64(8, counters.bytes);
  view.setFloat64(16, counters.epochStartedAt);
  view.setBigUint64(24, BigInt(progress.sealed));
  view.setBigUint64(32, BigInt(progress.opened));
  view.setUint32(40, fixedLength);
}

function readHeader(bytes: Uint8Array): Omit<PairState, 'mls'> & { readonly fixedEnd: number } {
  if (bytes.length < headerBytes) throw broken(`has ${bytes.length} bytes`);
  const view = new DataView(bytes.buffer);
  if (view.getUint8(0) !== formatVersion) throw broken(`has format ${view.getUint8(0)}, not ${formatVersion}`);
  if (view.getUint16(1) !== suiteId) throw broken(`is of suite ${view.getUint16(1)}, not ${suiteId}`);
  const own = view.getUint8(3);
  if (own !== 0 && own !== 1) throw broken(`is of member ${own}`);
  const fixedEnd = headerBytes + view.getUint32(40);
  if (fixedEnd > bytes.length) throw broken('is cut off');
  const counters = { frames: view.getUint32(4), bytes: view.getFloat64(8), epochStartedAt: view.getFloat64(16) };
  const progress = { sealed: Number(view.getBigUint64(24)), opened: Number(view.getBigUint64(32)) };
  return { own, counters, progress, fixedEnd };
}

/**
 * 4 bytes generation, 1 byte length (0 for a chain that ended), 64 bytes secret. No chain of a skipped generation has a
 * place here.
 */
function writeChain(target: Uint8Array, offset: number, chain: GenerationSecret): void {
  new DataView(target.buffer).setUint32(offset, chain.generation);
  target[offset + 4] = chain.secret.length;
  target.set(chain.secret, offset + 5);
}

function readChains(bytes: Uint8Array, start: number, epochs: number): (readonly [Chains, Chains])[] {
  if (bytes.length !== start + epochs * epochBytes) throw broken(`does not hold the chains of ${epochs} epochs`);
  return Array.from({ length: epochs }, (_, epoch) => {
    const chain = (index: number): GenerationSecret =>
      readChain(bytes, start + epoch * epochBytes + index * chainBytes);
    return [
      { handshake: chain(0), application: chain(1) },
      { handshake: chain(2), application: chain(3) },
    ];
  });
}

function readChain(bytes: Uint8Array, offset: number): GenerationSecret {
  const length = bytes[offset + 4];
  if (length !== 0 && length !== secretBytes) throw broken('has a chain of another length');
  const generation = new DataView(bytes.buffer).getUint32(offset);
  return { secret: bytes.subarray(offset + 5, offset + 5 + length), generation, unusedGenerations: {} };
}

const broken = (what: string): MeshError => new MeshError('SESSION_BROKEN', `The stored session ${what}`);
