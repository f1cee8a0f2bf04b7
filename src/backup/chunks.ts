import { createCipheriv, createDecipheriv } from 'node:crypto';
import { concatBytes } from '#kernel';
import { ByteReader } from './byte-reader.ts';
import { damaged } from './damaged.ts';

/*
 * A stream in chunks of 64 KB, each sealed by itself, so that any length needs the same memory (spec 9.2). The nonce of a chunk is its
 * number and whether it is the last one, so chunks cannot be moved, left out or cut off.
 */
const tagBytes = 16;
const nonceBytes = 12;
const chunkBytes = 64 * 1024;

/** `key` must never have sealed another stream. */
export async function* sealChunks(
  plain: AsyncIterable<Uint8Array>,
  key: Uint8Array,
): AsyncGenerator<Uint8Array, void, void> {
  const reader = new ByteReader(plain);
  try {
    for (let index = 0, isLast = false; !isLast; index += 1) {
      const chunk = await reader.read(chunkBytes);
      isLast = await reader.isAtEnd();
      yield sealChunk(chunk, { key, nonce: nonceOf(index, isLast) });
    }
  } finally {
    await reader.close();
  }
}

/** Throws BACKUP_DAMAGED; what came out before it was authentic, and is not all. */
export async function* openChunks(reader: ByteReader, key: Uint8Array): AsyncGenerator<Uint8Array, void, void> {
  for (let index = 0, isLast = false; !isLast; index += 1) {
    const chunk = await reader.read(chunkBytes + tagBytes);
    isLast = await reader.isAtEnd();
    const plain = openChunk(chunk, { key, nonce: nonceOf(index, isLast) });
    if (plain.length === 0 && index > 0) throw damaged('its last part is empty');
    if (plain.length > 0) yield plain;
  }
}

/** Number of the chunk in 11 bytes, big-endian, then 1 for the last one. */
function nonceOf(index: number, isLast: boolean): Uint8Array {
  const nonce = new Uint8Array(nonceBytes);
  new DataView(nonce.buffer).setBigUint64(3, BigInt(index));
  nonce[nonceBytes - 1] = isLast ? 1 : 0;
  return nonce;
}

interface ChunkKey {
  readonly key: Uint8Array;
  readonly nonce: Uint8Array;
}

function sealChunk(plain: Uint8Array, { key, nonce }: ChunkKey): Uint8Array {
  const cipher = createCipheriv('chacha20-poly1305', key, nonce, { authTagLength: tagBytes });
  return concatBytes(cipher.update(plain), cipher.final(), cipher.getAuthTag());
}

function openChunk(sealed: Uint8Array, { key, nonce }: ChunkKey): Uint8Array {
  if (sealed.length < tagBytes) throw damaged('it was cut off');
  const cipher = createDecipheriv('chacha20-poly1305', key, nonce, { authTagLength: tagBytes });
  cipher.setAuthTag(sealed.subarray(-tagBytes));
  try {
    return concatBytes(cipher.update(sealed.subarray(0, -tagBytes)), cipher.final());
  } catch (cause) {
    throw damaged('a part of it was changed or cut off', cause);
  }
}
