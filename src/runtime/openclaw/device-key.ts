import { createHash, createPrivateKey, createPublicKey, sign } from 'node:crypto';
import { concatBytes, copyBytes, fromHex, MeshError, type Random, toBase64url, toHex, toUtf8 } from '#kernel';
import type { Fields } from './gateway-frames.ts';

/** What a gateway knows a device by that its owner let in. */
export interface DeviceKey {
  /** Hex SHA-256 of the public key. */
  readonly id: string;
  /** The part `device` of a request to connect. */
  prove(claims: DeviceClaims): Fields;
}

/** What the signature covers. */
export interface DeviceClaims {
  readonly clientId: string;
  readonly mode: string;
  readonly role: string;
  readonly scopes: readonly string[];
  readonly token: string;
  readonly platform: string;
  /** Of the gateway's challenge: `signedAt` in ms since 1970. */
  readonly nonce: string;
  readonly signedAt: number;
}

const seedBytes = 32;
// The DER bytes before the raw key (RFC 8410 §4 and §7).
const pkcs8Prefix = fromHex('302e020100300506032b657004220420');
const spkiPrefixBytes = 12;

/** A new Ed25519 key as PKCS#8 PEM, for its file. */
export function newDeviceKey(random: Random): string {
  const der = Buffer.from(concatBytes(pkcs8Prefix, random.bytes(seedBytes)));
  return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
    .export({ format: 'pem', type: 'pkcs8' })
    .toString();
}

/** Throws KEY_FILE_UNREADABLE for anything but an Ed25519 key. */
export function deviceKeyFrom(pem: string): DeviceKey {
  const key = readKey(pem);
  const spki = createPublicKey(key).export({ format: 'der', type: 'spki' });
  const publicKey = copyBytes(spki.subarray(spkiPrefixBytes));
  const id = toHex(createHash('sha256').update(publicKey).digest());
  return {
    id,
    prove({ clientId, mode, role, scopes, signedAt, token, nonce, platform }) {
      // The last part is the family of the device, of which nothing is said.
      const parts = ['v3', id, clientId, mode, role, scopes.join(','), String(signedAt), token, nonce, platform, ''];
      const signature = toBase64url(sign(null, toUtf8(parts.join('|')), key));
      return { id, publicKey: toBase64url(publicKey), signature, signedAt, nonce };
    },
  };
}

function readKey(pem: string) {
  try {
    const key = createPrivateKey(pem);
    if (key.asymmetricKeyType === 'ed25519') return key;
  } catch {
    // Told below, without the text of the file.
  }
  throw new MeshError('KEY_FILE_UNREADABLE', 'The device key for the OpenClaw gateway is damaged', {
    hint: 'Delete the file openclaw_device.pem of the agent: a new one is made, which the owner of the gateway lets in again.',
  });
}
