import type { CiphersuiteImpl } from 'ts-mls';
import type { Random } from '#kernel';
import { createSignature } from './ed25519.ts';
import { createHpke } from './hpke.ts';
import { createHash, createHmac, createKdf } from './sha512.ts';

/** The one cipher suite of sessions and its registered number (spec 5.1). */
export const suiteName = 'MLS_256_XWING_CHACHA20POLY1305_SHA512_Ed25519';
export const suiteId = 84;

/** The primitives of the suite: node:crypto for what each frame needs, the library's HPKE for the rest. */
export function createSuite(random: Random): CiphersuiteImpl {
  const hmac = createHmac();
  const kdf = createKdf(hmac);
  return {
    name: suiteName,
    hash: createHash(hmac),
    kdf,
    signature: createSignature(random),
    hpke: createHpke(random, kdf),
    rng: { randomBytes: (length) => random.bytes(length) },
  };
}
