import { createHash } from 'node:crypto';
import { MeshError } from '#kernel';
import { keyBytes } from './key-pair.ts';

export interface Fingerprint {
  /** The first 16 bytes: 8 groups of 4 hex digits with spaces between. */
  readonly short: string;
  /** All 32 bytes: 64 hex digits. */
  readonly full: string;
}

/** SHA-256 of the raw 32-byte root public key, for people to compare (spec 1.3). Throws MALFORMED on another length. */
export function fingerprintOf(publicKey: Uint8Array): Fingerprint {
  if (publicKey.length !== keyBytes) throw new MeshError('MALFORMED', 'An Ed25519 public key has 32 bytes');
  const full = createHash('sha256').update(publicKey).digest('hex');
  return { short: (full.slice(0, 32).match(/.{4}/g) ?? []).join(' '), full };
}
