import { sign as signEd25519, verify as verifyEd25519 } from 'node:crypto';
import { concatBytes, copyBytes, toUtf8 } from '#kernel';
import { isStrongPublicKey, type KeyPair, privateKeyObject, publicKeyObject } from './key-pair.ts';

export const signingContexts = [
  'card',
  'device-certificate',
  'rotation',
  'incarnation',
  'contact-request',
  'contact-accept',
  'frame-answers',
  'link-auth',
  'audit-checkpoint',
  'hub-receipt',
] as const;

/** What a signature is for: a signature made for one purpose never verifies for another (spec 1.8). */
export type SigningContext = (typeof signingContexts)[number];

export interface SignInput {
  readonly context: SigningContext;
  readonly key: KeyPair;
  readonly data: Uint8Array;
}

export interface VerifyInput {
  readonly context: SigningContext;
  readonly publicKey: Uint8Array;
  readonly data: Uint8Array;
  readonly signature: Uint8Array;
}

const signatureBytes = 64;
const prefixes = new Map(signingContexts.map((context) => [context, toUtf8(`agent-mesh/${context}/1\0`)]));

/** Ed25519 signature, 64 bytes, over `"agent-mesh/" + context + "/1\0"` and the data (spec 1.8). */
export function sign(input: SignInput): Uint8Array {
  const bytes = signedBytes(input.context, input.data);
  return copyBytes(signEd25519(null, bytes, privateKeyObject(input.key.seed)));
}

/** False for a wrong signature and for keys or signatures that have no valid form; never throws on their bytes. */
export function verify(input: VerifyInput): boolean {
  if (input.signature.length !== signatureBytes || !isStrongPublicKey(input.publicKey)) return false;
  try {
    const bytes = signedBytes(input.context, input.data);
    return verifyEd25519(null, bytes, publicKeyObject(input.publicKey), input.signature);
  } catch {
    return false;
  }
}

function signedBytes(context: SigningContext, data: Uint8Array): Uint8Array {
  const prefix = prefixes.get(context);
  if (prefix === undefined) throw new TypeError(`Unknown signing context ${String(context)}`);
  return concatBytes(prefix, data);
}
