import { hash, timingSafeEqual } from 'node:crypto';
import type { Hash, Kdf } from 'ts-mls';

const blockBytes = 128;
const digestBytes = 64;
/** HKDF numbers its blocks with one byte (RFC 5869 §2.3). */
const maxExpandBytes = 255 * digestBytes;
/** Longer texts get buffers of their own: they are rare, and a session should not hold on to much memory. */
const scratchBytes = 1024;

const innerPad = 0x36;
const outerPad = 0x5c;

/** HMAC-SHA-512 (RFC 2104). */
export type Hmac = (key: Uint8Array, data: Uint8Array) => Uint8Array;

const plain = (buffer: Buffer): Uint8Array => new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);

export const sha512 = (data: Uint8Array): Uint8Array => plain(hash('sha512', data, 'buffer'));

/** Where keys and texts are laid out for hashing; all zero between two calls. */
export interface Scratch {
  readonly inner: Uint8Array;
  readonly outer: Uint8Array;
}

export const createScratch = (): Scratch => ({
  inner: new Uint8Array(blockBytes + scratchBytes),
  outer: new Uint8Array(blockBytes + digestBytes),
});

/** Two one-shot hashes: for short texts three times as fast as an HMAC object, and a frame needs a dozen of them. */
export function createHmac(scratch: Scratch = createScratch()): Hmac {
  const { outer } = scratch;
  return (key, data) => {
    const short = key.length > blockBytes ? sha512(key) : key;
    const inner = data.length > scratchBytes ? new Uint8Array(blockBytes + data.length) : scratch.inner;
    pad(inner, short, innerPad);
    pad(outer, short, outerPad);
    inner.set(data, blockBytes);
    outer.set(sha512(inner.subarray(0, blockBytes + data.length)), blockBytes);
    const mac = sha512(outer);
    inner.fill(0, 0, blockBytes + data.length);
    outer.fill(0);
    return mac;
  };
}

function pad(block: Uint8Array, key: Uint8Array, value: number): void {
  block.fill(value, 0, blockBytes);
  for (let i = 0; i < key.length; i += 1) block[i] = (key[i] ?? 0) ^ value;
}

/** HKDF-Expand (RFC 5869 §2.3). Throws a RangeError beyond 255 blocks. */
function expand(
  hmac: Hmac,
  input: { readonly key: Uint8Array; readonly info: Uint8Array; readonly length: number },
): Uint8Array {
  const { key, info, length } = input;
  if (length > maxExpandBytes) throw new RangeError(`HKDF-SHA512 gives at most ${maxExpandBytes} bytes, not ${length}`);
  const result = new Uint8Array(length);
  const text = new Uint8Array(digestBytes + info.length + 1);
  text.set(info, digestBytes);
  for (let counter = 1, done = 0; done < length; counter += 1, done += digestBytes) {
    text[text.length - 1] = counter;
    const block = hmac(key, counter === 1 ? text.subarray(digestBytes) : text);
    result.set(block.subarray(0, Math.min(digestBytes, length - done)), done);
    text.set(block, 0);
  }
  text.fill(0);
  return result;
}

export const createHash = (hmac: Hmac): Hash => ({
  digest: (data) => Promise.resolve(sha512(data)),
  mac: (key, data) => Promise.resolve(hmac(key, data)),
  verifyMac: (key, mac, data) => {
    const expected = hmac(key, data);
    return Promise.resolve(mac.length === expected.length && timingSafeEqual(mac, expected));
  },
});

export const createKdf = (hmac: Hmac): Kdf => ({
  size: digestBytes,
  extract: (salt, input) => Promise.resolve(hmac(salt, input)),
  expand: async (key, info, length) => expand(hmac, { key, info, length }),
});
