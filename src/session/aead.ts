import { createCipheriv, createDecipheriv, createSecretKey } from 'node:crypto';

const algorithm = 'chacha20-poly1305';
const tagBytes = 16;
const options = { authTagLength: tagBytes };
export const aeadKeyBytes = 32;
export const aeadNonceBytes = 12;

export interface AeadInput {
  readonly key: Uint8Array;
  readonly nonce: Uint8Array;
  readonly associated: Uint8Array | undefined;
}

/** ChaCha20-Poly1305 (RFC 8439): ciphertext, then the 16 bytes of tag. A bare key would be five times as slow as a key object made for it. */
export function encryptAead({ key, nonce, associated }: AeadInput, plaintext: Uint8Array): Uint8Array {
  const cipher = createCipheriv(algorithm, createSecretKey(key), nonce, options);
  if (associated !== undefined) cipher.setAAD(associated, { plaintextLength: plaintext.length });
  const body = cipher.update(plaintext);
  cipher.final();
  const result = new Uint8Array(body.length + tagBytes);
  result.set(body);
  result.set(cipher.getAuthTag(), body.length);
  return result;
}

/** Throws when key, nonce, associated data, tag or a byte of the text is not what was sealed. */
export function decryptAead({ key, nonce, associated }: AeadInput, ciphertext: Uint8Array): Uint8Array {
  if (ciphertext.length < tagBytes)
    throw new RangeError(`A ciphertext has at least ${tagBytes} bytes, not ${ciphertext.length}`);
  const split = ciphertext.length - tagBytes;
  const decipher = createDecipheriv(algorithm, createSecretKey(key), nonce, options);
  if (associated !== undefined) decipher.setAAD(associated, { plaintextLength: split });
  decipher.setAuthTag(ciphertext.subarray(split));
  const body = decipher.update(ciphertext.subarray(0, split));
  decipher.final();
  return new Uint8Array(body.buffer, body.byteOffset, body.byteLength);
}
