import { createCipheriv, createDecipheriv, createSecretKey, hkdfSync, type KeyObject } from 'node:crypto';
import { concatBytes, MeshError, type Random, toUtf8 } from '#kernel';
import { keyBytes } from './key-pair.ts';

/** Encryption at rest: what was sealed for one context opens only for that context. */
export interface Vault {
  seal(context: string, plain: Uint8Array): Uint8Array;
  /** Throws STORE_CORRUPT when the bytes were changed, or sealed for another context or with another key. */
  open(context: string, sealed: Uint8Array): Uint8Array;
}

const version = 1;
const nonceBytes = 12;
const tagBytes = 16;
const headerBytes = 1 + nonceBytes;
const maxCachedKeys = 4096;

/** A vault under a 32-byte storage key: HKDF-SHA256 key for each context, ChaCha20-Poly1305 (spec 1.10). */
export function createVault(storageKey: Uint8Array, random: Random): Vault {
  if (storageKey.length !== keyBytes) throw new MeshError('MALFORMED', 'A storage key has 32 bytes');
  const keys = new Map<string, KeyObject>();

  const keyOf = (context: string): KeyObject => {
    const known = keys.get(context);
    if (known !== undefined) return known;
    const info = toUtf8(`agent-mesh/vault/1\0${context}`);
    const key = createSecretKey(new Uint8Array(hkdfSync('sha256', storageKey, new Uint8Array(), info, keyBytes)));
    // Contexts may name rows without end; the cache may not grow with them.
    if (keys.size >= maxCachedKeys) keys.clear();
    keys.set(context, key);
    return key;
  };

  return {
    seal(context, plain) {
      const nonce = random.bytes(nonceBytes);
      const cipher = createCipheriv('chacha20-poly1305', keyOf(context), nonce, { authTagLength: tagBytes });
      cipher.setAAD(toUtf8(context), { plaintextLength: plain.length });
      return concatBytes(Uint8Array.of(version), nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag());
    },
    open(context, sealed) {
      if (sealed.length < headerBytes + tagBytes || sealed[0] !== version) throw corrupt(context);
      const nonce = sealed.subarray(1, headerBytes);
      const cipher = createDecipheriv('chacha20-poly1305', keyOf(context), nonce, { authTagLength: tagBytes });
      const body = sealed.subarray(headerBytes, -tagBytes);
      cipher.setAAD(toUtf8(context), { plaintextLength: body.length });
      cipher.setAuthTag(sealed.subarray(-tagBytes));
      try {
        return concatBytes(cipher.update(body), cipher.final());
      } catch {
        throw corrupt(context);
      }
    },
  };
}

const corrupt = (context: string): MeshError =>
  new MeshError(
    'STORE_CORRUPT',
    `What was sealed for ${context} cannot be opened: it was changed, or is under another key`,
  );
