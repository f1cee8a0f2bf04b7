import { scrypt } from 'node:crypto';
import { copyBytes, toUtf8 } from '#kernel';
import { keyBytes } from './key-pair.ts';

// RFC 7914: about 0.3 s and 128 MB for every guess.
const cost = { N: 2 ** 17, r: 8, p: 1, maxmem: 192 * 1024 * 1024 };

/** A key of 32 bytes: scrypt of the passphrase in UTF-8, normalization form C, with the salt (spec 1.9). */
export function stretchPassphrase(passphrase: string, salt: Uint8Array): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    // NFC, so that the same passphrase typed on another keyboard gives the same bytes.
    scrypt(toUtf8(passphrase.normalize('NFC')), salt, keyBytes, cost, (error, key) => {
      if (error === null) resolve(copyBytes(key));
      else reject(error);
    });
  });
}
