import type { SenderContextParams } from '@hpke/core';
import type { Hpke, Kdf } from 'ts-mls';
import type { Random } from '#kernel';
import { aeadKeyBytes, aeadNonceBytes, decryptAead, encryptAead } from './aead.ts';

/** Bytes that X-Wing takes for a key pair and for one encapsulation (draft-connolly-cfrg-xwing-kem §5). */
const keyPairSeedBytes = 32;
const encapsulationSeedBytes = 64;

/**
 * HPKE with X-Wing: the library's own code for everything that touches the KEM, loaded when the first key package, join
 * or commit needs it. The two operations that each frame needs are on node:crypto, and so is the key derivation.
 */
export function createHpke(random: Random, kdf: Kdf): Hpke {
  let loaded: Promise<Hpke> | undefined;
  const kem = (): Promise<Hpke> => (loaded ??= loadHpke(random, kdf));
  const lazy =
    <A extends unknown[], R>(operation: (hpke: Hpke) => (...call: A) => Promise<R>) =>
    async (...call: A): Promise<R> =>
      operation(await kem())(...call);
  return {
    keyLength: aeadKeyBytes,
    nonceLength: aeadNonceBytes,
    encryptAead: async (...[key, nonce, associated, plaintext]) => encryptAead({ key, nonce, associated }, plaintext),
    decryptAead: async (...[key, nonce, associated, ciphertext]) => decryptAead({ key, nonce, associated }, ciphertext),
    seal: lazy(({ seal }) => seal),
    open: lazy(({ open }) => open),
    exportSecret: lazy(({ exportSecret }) => exportSecret),
    importSecret: lazy(({ importSecret }) => importSecret),
    importPrivateKey: lazy(({ importPrivateKey }) => importPrivateKey),
    importPublicKey: lazy(({ importPublicKey }) => importPublicKey),
    exportPrivateKey: lazy(({ exportPrivateKey }) => exportPrivateKey),
    exportPublicKey: lazy(({ exportPublicKey }) => exportPublicKey),
    deriveKeyPair: lazy(({ deriveKeyPair }) => deriveKeyPair),
    // As the KEM does it itself, from randomness that is given.
    generateKeyPair: async () => (await kem()).deriveKeyPair(random.bytes(keyPairSeedBytes)),
  };
}

async function loadHpke(random: Random, kdf: Kdf): Promise<Hpke> {
  const [{ CipherSuite, HkdfSha512 }, { Chacha20Poly1305 }, { XWing }, { makeGenericHpke }] = await Promise.all([
    import('@hpke/core'),
    import('@hpke/chacha20poly1305'),
    import('@hpke/hybridkem-x-wing'),
    import('ts-mls/crypto/implementation/hpke.js'),
  ]);

  // Randomness is given, not taken: without `ekm` the KEM would ask the platform.
  class GivenRandomness extends CipherSuite {
    override createSenderContext(params: SenderContextParams) {
      return super.createSenderContext({ ...params, ekm: random.bytes(encapsulationSeedBytes) });
    }
  }

  // The library's own goes to a thread of the platform and back for each hash, which takes longer than the hash.
  class DirectHkdf extends HkdfSha512 {
    override async extract(salt: Bytes, input: Bytes): Promise<ArrayBuffer> {
      return bufferOf(await kdf.extract(bytesOf(salt), bytesOf(input)));
    }

    override async expand(key: Bytes, info: Bytes, length: number): Promise<ArrayBuffer> {
      return bufferOf(await kdf.expand(bytesOf(key), bytesOf(info), length));
    }

    override async extractAndExpand(...[salt, input, info, length]: ExtractAndExpand): Promise<ArrayBuffer> {
      return this.expand(await this.extract(salt, input), info, length);
    }
  }

  const suite = new GivenRandomness({ kem: new XWing(), kdf: new DirectHkdf(), aead: new Chacha20Poly1305() });
  const names = { kem: 'X-Wing', kdf: 'HKDF-SHA512', aead: 'CHACHA20POLY1305' } as const;
  const aead = {
    encrypt: async (...[key, nonce, associated, plaintext]: AeadCall) =>
      encryptAead({ key, nonce, associated }, plaintext),
    decrypt: async (...[key, nonce, associated, ciphertext]: AeadCall) =>
      decryptAead({ key, nonce, associated }, ciphertext),
  };
  return makeGenericHpke(names, aead, suite);
}

type Bytes = ArrayBufferLike | ArrayBufferView;
type ExtractAndExpand = [salt: Bytes, input: Bytes, info: Bytes, length: number];

const bytesOf = (bytes: Bytes): Uint8Array =>
  ArrayBuffer.isView(bytes) ? new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength) : new Uint8Array(bytes);

const bufferOf = (bytes: Uint8Array): ArrayBuffer => Uint8Array.from(bytes).buffer;

type AeadCall = [key: Uint8Array, nonce: Uint8Array, associated: Uint8Array, text: Uint8Array];
