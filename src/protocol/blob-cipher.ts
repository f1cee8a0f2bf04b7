import { createCipheriv, createDecipheriv, createHash, hkdfSync } from 'node:crypto';
import { copyBytes, MeshError, toUtf8 } from '#kernel';
import { chunkTagBytes } from './blob-shape.ts';

const cipher = 'aes-256-gcm';
const keyBytes = 32;
const nonceBytes = 12;
const keyInfo = toUtf8('agent-mesh/blob-chunk/1\0');
const idPrefix = toUtf8('agent-mesh/blob-id/1\0');

/** The key that seals the chunks of one blob; made from the key in the message. */
export type ChunkKey = Uint8Array & { readonly chunkKey: true };

export function chunkKeyOf(blobKey: Uint8Array): ChunkKey {
  const derived = new Uint8Array(hkdfSync('sha256', blobKey, new Uint8Array(), keyInfo, keyBytes));
  return derived as ChunkKey;
}

/** Which chunk it is; that it is the last one is part of what is sealed, so that a blob cannot be cut (spec §10.3). */
export interface ChunkNo {
  readonly no: number;
  readonly isLast: boolean;
}

/** Ciphertext, then tag: two parts, because large ones are not copied without need. A chunk of a blob is sealed once only. */
export type SealedChunk = readonly [text: Uint8Array, tag: Uint8Array];

export function sealChunk(key: ChunkKey, which: ChunkNo, plain: Uint8Array): SealedChunk {
  const sealer = createCipheriv(cipher, key, nonceOf(which), { authTagLength: chunkTagBytes });
  const text = sealer.update(plain);
  sealer.final();
  return [text, sealer.getAuthTag()];
}

/** Throws FILE_DAMAGED when it is not this chunk, whole and unchanged. */
export function openChunk(key: ChunkKey, which: ChunkNo, sealed: Uint8Array): Uint8Array {
  const end = sealed.length - chunkTagBytes;
  if (end < 0) throw damaged(which);
  const opener = createDecipheriv(cipher, key, nonceOf(which), { authTagLength: chunkTagBytes });
  opener.setAuthTag(sealed.subarray(end));
  const plain = opener.update(sealed.subarray(0, end));
  try {
    opener.final();
  } catch {
    throw damaged(which);
  }
  return new Uint8Array(plain.buffer, plain.byteOffset, plain.length);
}

/** True when it is this chunk, whole and unchanged. */
export function isChunk(key: ChunkKey, which: ChunkNo, sealed: Uint8Array): boolean {
  try {
    openChunk(key, which, sealed);
    return true;
  } catch {
    return false;
  }
}

/** Makes the id of a chunk, its SHA-256, from its sealed bytes as they come: work is spread, and nothing need be kept. */
export class ChunkIdMaker {
  readonly #hash = createHash('sha256');

  add(bytes: Uint8Array): void {
    this.#hash.update(bytes);
  }

  /** Once, at the end. */
  end(): Uint8Array {
    return copyBytes(this.#hash.digest());
  }
}

export function chunkIdOf(parts: readonly Uint8Array[]): Uint8Array {
  const maker = new ChunkIdMaker();
  for (const part of parts) maker.add(part);
  return maker.end();
}

/** Makes the name of a blob from the ids of its chunks, in order. */
export class BlobIdMaker {
  readonly #hash = createHash('sha256').update(idPrefix);

  add(chunkId: Uint8Array): void {
    this.#hash.update(chunkId);
  }

  /** Once, at the end. */
  end(): Uint8Array {
    return copyBytes(this.#hash.digest());
  }
}

/** STREAM: the number of the chunk in 11 bytes, then 1 for the last one. */
function nonceOf({ no, isLast }: ChunkNo): Uint8Array {
  const nonce = new Uint8Array(nonceBytes);
  new DataView(nonce.buffer).setBigUint64(3, BigInt(no));
  nonce[nonceBytes - 1] = isLast ? 1 : 0;
  return nonce;
}

const damaged = ({ no }: ChunkNo): MeshError =>
  new MeshError('FILE_DAMAGED', `The part ${no + 1} of the file is not what its sender sealed`);
