import { createCipheriv, createDecipheriv } from 'node:crypto';
import { concatBytes, equalBytes, fromUtf8, MeshError, type Random, toUtf8 } from '#kernel';
import { agentIdOf } from './agent-id.ts';
import type { AgentSecrets } from './agent-secrets.ts';
import { checkSignature, decodeDeviceCertificate, encodeDeviceCertificate } from './device-certificate.ts';
import { decodePkcs8, encodePkcs8, keyBytes, keyPairFromSeed } from './key-pair.ts';
import { stretchPassphrase } from './passphrase.ts';
import { decodePem, encodePem, type PemBlock } from './pem.ts';
import { decodeRotation, encodeRotation, verifyRotation } from './rotation.ts';

// Labels in the order in which they stand in the file (spec 1.9).
const label = {
  root: 'PRIVATE KEY',
  device: 'AGENT MESH DEVICE KEY',
  certificate: 'AGENT MESH DEVICE CERTIFICATE',
  storage: 'AGENT MESH STORAGE KEY',
  rotation: 'AGENT MESH ROTATION',
  encrypted: 'AGENT MESH ENCRYPTED KEYS',
} as const;

export interface EncodeKeystoreOptions {
  readonly random: Random;
  readonly passphrase?: string | undefined;
}

export interface DecodeKeystoreOptions {
  readonly passphrase?: string | undefined;
}

/** One PEM text: readable blocks that begin with a PKCS#8 root key, or one encrypted block (spec 1.9). Secret either way. */
export async function encodeKeystore(secrets: AgentSecrets, options: EncodeKeystoreOptions): Promise<string> {
  const plain = encodePem([
    { label: label.root, bytes: encodePkcs8(secrets.root.seed) },
    { label: label.device, bytes: secrets.device.seed },
    { label: label.certificate, bytes: encodeDeviceCertificate(secrets.certificate) },
    { label: label.storage, bytes: secrets.storageKey },
    ...secrets.rotations.map((rotation) => ({ label: label.rotation, bytes: encodeRotation(rotation) })),
  ]);
  if (options.passphrase === undefined) return plain;
  if (options.passphrase === '') throw new MeshError('INVALID_ARGUMENT', 'The passphrase is empty');
  const bytes = await encrypt(plain, { random: options.random, passphrase: options.passphrase });
  return encodePem([{ label: label.encrypted, bytes }]);
}

/** Throws PASSPHRASE_REQUIRED, PASSPHRASE_WRONG, or KEY_FILE_UNREADABLE when the parts are damaged or do not fit together. */
export async function decodeKeystore(text: string, options: DecodeKeystoreOptions = {}): Promise<AgentSecrets> {
  const blocks = decodePem(text);
  const [first] = blocks;
  if (first?.label !== label.encrypted) return secretsOf(blocks);
  if (blocks.length > 1) throw unreadable('has more than the encrypted block');
  if (options.passphrase === undefined) throw new MeshError('PASSPHRASE_REQUIRED');
  return secretsOf(decodePem(await decrypt(first.bytes, options.passphrase)));
}

/** The same at once, for a key file that no passphrase protects. Throws PASSPHRASE_REQUIRED, KEY_FILE_UNREADABLE. */
export function decodeOpenKeystore(text: string): AgentSecrets {
  const blocks = decodePem(text);
  if (blocks[0]?.label === label.encrypted) throw new MeshError('PASSPHRASE_REQUIRED');
  return secretsOf(blocks);
}

function secretsOf(blocks: readonly PemBlock[]): AgentSecrets {
  const [root, device, certificate, storage, ...rotations] = blocks;
  if (root?.label !== label.root || device?.label !== label.device || certificate?.label !== label.certificate) {
    throw unreadable('lacks a block or has them in another order');
  }
  if (storage?.label !== label.storage || rotations.some((block) => block.label !== label.rotation)) {
    throw unreadable('lacks a block or has them in another order');
  }
  const rootSeed = decodePkcs8(root.bytes);
  if (rootSeed === undefined || device.bytes.length !== keyBytes || storage.bytes.length !== keyBytes) {
    throw unreadable('has a key of the wrong form');
  }
  return checkTogether({
    root: keyPairFromSeed(rootSeed),
    device: keyPairFromSeed(device.bytes),
    certificate: readOr(() => checkSignature(decodeDeviceCertificate(certificate.bytes)), 'certificate'),
    storageKey: storage.bytes,
    rotations: rotations.map((block) => readOr(() => verifyRotation(decodeRotation(block.bytes)), 'rotation')),
  });
}

function checkTogether(secrets: AgentSecrets): AgentSecrets {
  const agentId = agentIdOf(secrets.root.publicKey);
  const certified = equalBytes(secrets.certificate.devicePublicKey, secrets.device.publicKey);
  if (secrets.certificate.agentId !== agentId || !certified) throw unreadable('holds a certificate of other keys');
  secrets.rotations.forEach((rotation, index) => {
    if (rotation.to !== (secrets.rotations[index + 1]?.from ?? agentId))
      throw unreadable('holds rotations of other keys');
  });
  return secrets;
}

function readOr<T>(read: () => T, what: string): T {
  try {
    return read();
  } catch {
    throw unreadable(`holds a ${what} that is not valid`);
  }
}

// Encrypted block: version 1, salt, nonce, ChaCha20-Poly1305 of the PEM text; the key is scrypt of the passphrase (spec 1.9).
const version = 1;
const saltBytes = 16;
const nonceBytes = 12;
const tagBytes = 16;
const headerBytes = 1 + saltBytes + nonceBytes;
const domain = toUtf8('agent-mesh/keystore/1\0');

async function encrypt(
  text: string,
  options: { readonly random: Random; readonly passphrase: string },
): Promise<Uint8Array> {
  const salt = options.random.bytes(saltBytes);
  const nonce = options.random.bytes(nonceBytes);
  const key = await stretchPassphrase(options.passphrase, salt);
  const header = concatBytes(Uint8Array.of(version), salt, nonce);
  const cipher = createCipheriv('chacha20-poly1305', key, nonce, { authTagLength: tagBytes });
  const plain = toUtf8(text);
  cipher.setAAD(concatBytes(domain, header), { plaintextLength: plain.length });
  const sealed = concatBytes(cipher.update(plain), cipher.final(), cipher.getAuthTag());
  key.fill(0);
  return concatBytes(header, sealed);
}

async function decrypt(bytes: Uint8Array, passphrase: string): Promise<string> {
  if (bytes.length < headerBytes + tagBytes || bytes[0] !== version)
    throw unreadable('has an encrypted block of unknown form');
  const header = bytes.subarray(0, headerBytes);
  const key = await stretchPassphrase(passphrase, header.subarray(1, 1 + saltBytes));
  const cipher = createDecipheriv('chacha20-poly1305', key, header.subarray(1 + saltBytes), {
    authTagLength: tagBytes,
  });
  const sealed = bytes.subarray(headerBytes, -tagBytes);
  cipher.setAAD(concatBytes(domain, header), { plaintextLength: sealed.length });
  cipher.setAuthTag(bytes.subarray(-tagBytes));
  try {
    return fromUtf8(concatBytes(cipher.update(sealed), cipher.final()));
  } catch {
    throw new MeshError('PASSPHRASE_WRONG');
  } finally {
    key.fill(0);
  }
}

const unreadable = (what: string): MeshError => new MeshError('KEY_FILE_UNREADABLE', `The key file ${what}`);
