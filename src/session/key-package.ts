import type { Capabilities, Credential, KeyPackage, PrivateKeyPackage } from 'ts-mls';
import { equalBytes, MeshError, toHex } from '#kernel';
import { type AgentId, type DeviceCertificate, verifyDeviceCertificate } from '#identity';
import type { SessionContext } from './context.ts';
import { certificateIn, checkCredential, credentialOf } from './credential.ts';
import { checkLifetime, lifetimeFor } from './lifetime.ts';
import {
  generateKeyPackageWithKey,
  makeKeyPackageRef,
  verifyKeyPackage,
  verifyLeafNodeSignatureKeyPackage,
} from './mls.ts';
import { suiteId, suiteName } from './provider.ts';
import type { KeyPackageCheck, OwnKeyPackage, SessionSelf } from './secure-session.ts';
import { decodeKeyPackage, encodeKeyPackage, ownBytes } from './wire.ts';

const capabilities: Capabilities = {
  versions: ['mls10'],
  ciphersuites: [suiteName],
  extensions: [],
  proposals: [],
  credentials: ['basic'],
};

/** X-Wing: ML-KEM-768 and X25519 (spec 5.1). */
const publicKeyBytes = 1216;

export interface MadeKeyPackage {
  readonly publicPackage: KeyPackage;
  readonly privatePackage: PrivateKeyPackage;
}

/** Throws CERTIFICATE_INVALID when the own device certificate does not hold at `now`. */
export function makeKeyPackage(context: SessionContext, self: SessionSelf, now: number): Promise<MadeKeyPackage> {
  const { notAfter } = verifyDeviceCertificate(self.certificate, { now });
  const lifetime = lifetimeFor({ now, certifiedUntil: notAfter, limits: context.limits });
  const keys = { signKey: self.device.seed, publicKey: self.device.publicKey };
  return generateKeyPackageWithKey(credentialOf(self.certificate), capabilities, lifetime, [], keys, context.suite);
}

export async function createOwnKeyPackage(
  context: SessionContext,
  self: SessionSelf,
  now: number,
): Promise<OwnKeyPackage> {
  const { publicPackage, privatePackage } = await makeKeyPackage(context, self, now);
  return {
    ref: await refOf(context, publicPackage),
    publicBytes: encodeKeyPackage(publicPackage),
    privateBytes: encodePrivatePackage(privatePackage),
    expiresAt: checkLifetime(publicPackage.leafNode.lifetime, { now, limits: context.limits }),
  };
}

/** The key package reference of RFC 9420 §5.2, as hex. */
export async function refOf(context: SessionContext, keyPackage: KeyPackage): Promise<string> {
  return toHex(await makeKeyPackageRef(keyPackage, context.suite.hash));
}

export interface CheckedKeyPackage {
  readonly keyPackage: KeyPackage;
  readonly ref: string;
  readonly expiresAt: number;
}

/** Everything about a key package of a peer (spec 5.3). Throws KEY_PACKAGE_INVALID or KEY_PACKAGE_STALE. */
export async function checkPeerKeyPackage(context: SessionContext, input: KeyPackageCheck): Promise<CheckedKeyPackage> {
  const { now } = input;
  const keyPackage = decodePeerKeyPackage(context, input.bytes);
  const { leafNode } = keyPackage;
  checkForm(keyPackage);
  const certificate = checkPeerCredential(keyPackage, input);
  const { suite, limits } = context;
  const isSigned = await verifyLeafNodeSignatureKeyPackage(leafNode, suite.signature);
  if (!isSigned || !(await verifyKeyPackage(keyPackage, suite.signature)))
    throw invalid('is not signed by its device key');
  const expiresAt = Math.min(checkLifetime(leafNode.lifetime, { now, limits }), certificate.notAfter);
  return { keyPackage, ref: await refOf(context, keyPackage), expiresAt };
}

function decodePeerKeyPackage({ limits }: SessionContext, bytes: Uint8Array): KeyPackage {
  try {
    return decodeKeyPackage(bytes, limits.maxKeyPackageBytes);
  } catch (cause) {
    throw new MeshError('KEY_PACKAGE_INVALID', 'The bytes are not a key package', { cause });
  }
}

function checkForm({ version, cipherSuite, initKey, leafNode }: KeyPackage): void {
  if (version !== 'mls10' || cipherSuite !== suiteName)
    throw invalid(`is for ${version} ${cipherSuite}, not for ${suiteName}`);
  const { versions, ciphersuites, credentials } = leafNode.capabilities;
  if (!versions.includes('mls10') || !ciphersuites.includes(suiteName) || !credentials.includes('basic')) {
    throw invalid('does not claim to support its own suite');
  }
  if (initKey.length !== publicKeyBytes || leafNode.hpkePublicKey.length !== publicKeyBytes) {
    throw invalid(`has a key of another length than ${publicKeyBytes} bytes`);
  }
  if (equalBytes(initKey, leafNode.hpkePublicKey)) throw invalid('has one key for two purposes');
}

/** A certificate that is over makes the key package stale: the peer makes others with its next certificate. */
function checkPeerCredential({ leafNode }: KeyPackage, { peer, now }: KeyPackageCheck): DeviceCertificate {
  try {
    return checkCredential(leafNode, { agents: [peer], now });
  } catch (cause) {
    const over = certificateIsOver(leafNode.credential, { peer, now });
    if (over) throw new MeshError('KEY_PACKAGE_STALE', 'The device certificate of the key package is over', { cause });
    const reason = cause instanceof MeshError ? cause.message : 'its credential cannot be read';
    throw new MeshError('KEY_PACKAGE_INVALID', `The key package is not one of ${peer}: ${reason}`, { cause });
  }
}

function certificateIsOver(
  credential: Credential,
  { peer, now }: { readonly peer: AgentId; readonly now: number },
): boolean {
  try {
    const { agentId, notAfter } = certificateIn(credential);
    return agentId === peer && now >= notAfter;
  } catch {
    return false;
  }
}

// Stored secret half, version 1 (spec 5.3): version, suite, init key, leaf key. The device key is the agent's and not
// in it.
const privateVersion = 1;
const keyBytes = 32;
const headerBytes = 3;
const privateBytes = headerBytes + 2 * keyBytes;

function encodePrivatePackage({ initPrivateKey, hpkePrivateKey }: PrivateKeyPackage): Uint8Array {
  const result = new Uint8Array(privateBytes);
  const view = new DataView(result.buffer);
  view.setUint8(0, privateVersion);
  view.setUint16(1, suiteId);
  result.set(initPrivateKey, headerBytes);
  result.set(hpkePrivateKey, headerBytes + keyBytes);
  return result;
}

/** Throws KEY_PACKAGE_STALE for another form: such a key package cannot be used any more. */
export function decodePrivatePackage(stored: Uint8Array, self: SessionSelf): PrivateKeyPackage {
  const bytes = ownBytes(stored);
  const view = new DataView(bytes.buffer);
  if (bytes.length !== privateBytes || view.getUint8(0) !== privateVersion || view.getUint16(1) !== suiteId) {
    throw new MeshError('KEY_PACKAGE_STALE', 'The secret half of the key package has another format');
  }
  return {
    initPrivateKey: bytes.slice(headerBytes, headerBytes + keyBytes),
    hpkePrivateKey: bytes.slice(headerBytes + keyBytes),
    signaturePrivateKey: self.device.seed,
  };
}

const invalid = (what: string): MeshError => new MeshError('KEY_PACKAGE_INVALID', `The key package ${what}`);
