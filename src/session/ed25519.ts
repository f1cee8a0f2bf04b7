import { createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import type { Signature } from 'ts-mls';
import { generateKeyPair } from '#identity';
import { concatBytes, fromHex, type Random } from '#kernel';

const seedBytes = 32;
// RFC 8410 §7 and §4: what stands before the raw key in DER.
const privatePrefix = fromHex('302e020100300506032b657004220420');
const publicPrefix = fromHex('302a300506032b6570032100');

/**
 * Ed25519 for the library. Making a key object costs as much as a signature, so it is kept as long as the array that
 * holds the key: the library hands the same arrays from state to state, and nothing overwrites a signature key.
 */
export function createSignature(random: Random): Signature {
  const privateKeys = new WeakMap<Uint8Array, KeyObject>();
  const publicKeys = new WeakMap<Uint8Array, KeyObject>();
  return {
    sign: async (key, message) => new Uint8Array(sign(null, message, remember(privateKeys, key, privateKeyOf))),
    verify: async (key, message, signature) => {
      try {
        return verify(null, message, remember(publicKeys, key, publicKeyOf), signature);
      } catch {
        return false;
      }
    },
    keygen: async () => {
      const { seed, publicKey } = generateKeyPair(random);
      return { signKey: seed, publicKey };
    },
  };
}

/** The seed, or PKCS#8 as the library's own provider makes it. */
function privateKeyOf(key: Uint8Array): KeyObject {
  const der = key.length === seedBytes ? concatBytes(privatePrefix, key) : key;
  return createPrivateKey({ key: Buffer.from(der), format: 'der', type: 'pkcs8' });
}

function publicKeyOf(key: Uint8Array): KeyObject {
  return createPublicKey({ key: Buffer.from(concatBytes(publicPrefix, key)), format: 'der', type: 'spki' });
}

type Parse = (key: Uint8Array) => KeyObject;

function remember(known: WeakMap<Uint8Array, KeyObject>, key: Uint8Array, parse: Parse): KeyObject {
  const found = known.get(key);
  if (found !== undefined) return found;
  const made = parse(key);
  known.set(key, made);
  return made;
}
