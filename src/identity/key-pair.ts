import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { concatBytes, copyBytes, equalBytes, fromHex, MeshError, type Random } from '#kernel';

/** An Ed25519 key: the secret seed and the public key, 32 bytes each (RFC 8032 §5.1.5). */
export interface KeyPair {
  /** 32 bytes, secret. */
  readonly seed: Uint8Array;
  readonly publicKey: Uint8Array;
}

export const keyBytes = 32;

// The DER bytes before the raw key are always the same (RFC 8410 §4 and §7).
const pkcs8Prefix = fromHex('302e020100300506032b657004220420');
const spkiPrefix = fromHex('302a300506032b6570032100');

export function generateKeyPair(random: Random): KeyPair {
  return keyPairFromSeed(random.bytes(keyBytes));
}

/** The key pair of a 32-byte secret seed. Throws MALFORMED on another length. */
export function keyPairFromSeed(seed: Uint8Array): KeyPair {
  if (seed.length !== keyBytes) throw new MeshError('MALFORMED', `An Ed25519 seed has 32 bytes, not ${seed.length}`);
  const own = copyBytes(seed);
  const spki = createPublicKey(privateKeyObject(own)).export({ format: 'der', type: 'spki' });
  return { seed: own, publicKey: copyBytes(spki.subarray(spkiPrefix.length)) };
}

/** PKCS#8 DER of the seed, as openssl reads and writes it (RFC 8410 §7, version 0). */
export function encodePkcs8(seed: Uint8Array): Uint8Array {
  return concatBytes(pkcs8Prefix, seed);
}

/** The seed of what `encodePkcs8` made; undefined for anything else. */
export function decodePkcs8(der: Uint8Array): Uint8Array | undefined {
  if (der.length !== pkcs8Prefix.length + keyBytes) return undefined;
  if (!equalBytes(der.subarray(0, pkcs8Prefix.length), pkcs8Prefix)) return undefined;
  return copyBytes(der.subarray(pkcs8Prefix.length));
}

interface Cached {
  readonly bytes: Uint8Array;
  readonly key: KeyObject;
}

// Parsing a key costs as much as a signature, so the parsed form lives as long as the bytes it came from. The copy shows
// when the bytes were overwritten, a wiped seed for example: then the parsed key is not used any more.
const privateKeys = new WeakMap<Uint8Array, Cached>();
const publicKeys = new WeakMap<Uint8Array, Cached>();

export function privateKeyObject(seed: Uint8Array): KeyObject {
  return cached(privateKeys, seed, () =>
    createPrivateKey({ key: Buffer.from(encodePkcs8(seed)), format: 'der', type: 'pkcs8' }),
  );
}

export function publicKeyObject(publicKey: Uint8Array): KeyObject {
  return cached(publicKeys, publicKey, () =>
    createPublicKey({ key: Buffer.from(concatBytes(spkiPrefix, publicKey)), format: 'der', type: 'spki' }),
  );
}

function cached(cache: WeakMap<Uint8Array, Cached>, bytes: Uint8Array, parse: () => KeyObject): KeyObject {
  const known = cache.get(bytes);
  if (known !== undefined && equalBytes(known.bytes, bytes)) return known.key;
  const key = parse();
  cache.set(bytes, { bytes: copyBytes(bytes), key });
  return key;
}

// y coordinates of the points of small order, with the sign bit cleared (spec 1.1). Under such a key one signature fits many
// messages; crypto libraries differ in whether they refuse it, so the rule stands here.
const smallOrder: ReadonlySet<string> = new Set([
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
]);

/** False for lengths other than 32, points of small order and encodings that are not the shortest (spec 1.1). */
export function isStrongPublicKey(publicKey: Uint8Array): boolean {
  if (publicKey.length !== keyBytes) return false;
  const y = Buffer.from(publicKey);
  y[keyBytes - 1] = (y[keyBytes - 1] ?? 0) & 0x7f;
  const beyondField =
    (y[0] ?? 0) >= 0xed && y[keyBytes - 1] === 0x7f && y.subarray(1, -1).every((byte) => byte === 0xff);
  return !beyondField && !smallOrder.has(y.toString('hex'));
}
