import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { canonicalJson, codeOf, fromBase64url, fromHex, fromUtf8, toHex } from '#kernel';
import {
  agentIdOf,
  type Card,
  cardBytes,
  decodeDeviceCertificate,
  decodeIncarnation,
  decodeRotation,
  encodeDeviceCertificate,
  encodeIncarnation,
  encodeRotation,
  fingerprintOf,
  isLater,
  keyPairFromSeed,
  parseAgentId,
  parseCard,
  publicKeyOf,
  safetyNumber,
  verifyCard,
  verifyDeviceCertificate,
  verifyIncarnation,
  verifyRotation,
} from './index.ts';

interface Vectors<Case> {
  readonly valid: readonly (Case & { readonly name: string })[];
  readonly invalid: readonly (Case & { readonly name: string; readonly error: string })[];
}

/** Runs every case of a file; an empty file fails. */
function runVectors<Case>(file: string, run: (entry: Case) => void): void {
  const url = new URL(`../../test/vectors/${file}.json`, import.meta.url);
  const vectors = JSON.parse(readFileSync(url, 'utf8')) as Vectors<Case>;
  describe(`the vectors of ${file}`, () => {
    it('has valid and invalid cases', () => {
      expect(vectors.valid.length).toBeGreaterThan(0);
      expect(vectors.invalid.length).toBeGreaterThan(0);
    });
    for (const entry of vectors.valid) it(`accepts: ${entry.name}`, () => run(entry));
    for (const entry of vectors.invalid) {
      it(`refuses with ${entry.error}: ${entry.name}`, () => expect(codeThrownBy(() => run(entry))).toBe(entry.error));
    }
  });
}

function codeThrownBy(action: () => void): string {
  try {
    action();
  } catch (error) {
    return codeOf(error);
  }
  return 'nothing was thrown';
}

interface AgentIdCase {
  readonly agentId: string;
  readonly seed: string;
  readonly publicKey: string;
  readonly fingerprint: string;
  readonly fingerprintFull: string;
}

runVectors<AgentIdCase>('agent-id', (entry) => {
  const publicKey = publicKeyOf(parseAgentId(entry.agentId));
  expect(toHex(publicKey)).toBe(entry.publicKey);
  expect(agentIdOf(fromHex(entry.publicKey))).toBe(entry.agentId);
  expect(keyPairFromSeed(fromHex(entry.seed)).publicKey).toEqual(publicKey);
  expect(fingerprintOf(publicKey)).toEqual({ short: entry.fingerprint, full: entry.fingerprintFull });
});

runVectors<{ readonly a: string; readonly b: string; readonly safetyNumber: string }>('safety-number', (entry) => {
  expect(safetyNumber(parseAgentId(entry.a), parseAgentId(entry.b))).toBe(entry.safetyNumber);
});

interface CardCase {
  readonly card: unknown;
  readonly now: number;
  readonly pinned?: Card;
  readonly canonical?: string;
  readonly signedBytes?: string;
}

runVectors<CardCase>('card', ({ card, now, pinned, canonical, signedBytes }) => {
  const verified = verifyCard(card, { now, pinned });
  expect(verified).toEqual(card);
  if (canonical !== undefined) {
    expect(fromUtf8(cardBytes(verified))).toBe(canonical);
    expect(parseCard(cardBytes(verified))).toEqual(card);
  }
  if (signedBytes !== undefined) {
    const { signature, ...unsigned } = verified;
    expect(fromBase64url(signature)).toHaveLength(64);
    expect(signedBytes.endsWith(toHex(canonicalJson(unsigned)))).toBe(true);
  }
});

interface CertificateCase {
  readonly encoded: string;
  readonly now: number;
  readonly certificate?: { readonly agentId: string; readonly devicePublicKey: string; readonly signature: string };
}

runVectors<CertificateCase>('device-certificate', ({ encoded, now, certificate }) => {
  const verified = verifyDeviceCertificate(decodeDeviceCertificate(fromHex(encoded)), { now });
  expect(toHex(encodeDeviceCertificate(verified))).toBe(encoded);
  if (certificate === undefined) return;
  const { devicePublicKey, signature } = verified;
  expect({ ...verified, devicePublicKey: toHex(devicePublicKey), signature: toHex(signature) }).toEqual(certificate);
});

interface RotationCase {
  readonly encoded: string;
  readonly rotation: { readonly fromSignature: string; readonly toSignature: string };
}

runVectors<RotationCase>('rotation', ({ encoded, rotation }) => {
  const verified = verifyRotation(decodeRotation(fromHex(encoded)));
  expect(toHex(encodeRotation(verified))).toBe(encoded);
  const { fromSignature, toSignature } = verified;
  expect({ ...verified, fromSignature: toHex(fromSignature), toSignature: toHex(toSignature) }).toEqual(rotation);
});

interface IncarnationCase {
  readonly encoded: string;
  readonly incarnation?: { readonly id: string; readonly signature: string };
  readonly laterThan?: string;
}

runVectors<IncarnationCase>('incarnation', ({ encoded, incarnation, laterThan }) => {
  const verified = verifyIncarnation(decodeIncarnation(fromHex(encoded)));
  expect(toHex(encodeIncarnation(verified))).toBe(encoded);
  const { id, signature } = verified;
  if (incarnation !== undefined)
    expect({ ...verified, id: toHex(id), signature: toHex(signature) }).toEqual(incarnation);
  if (laterThan === undefined) return;
  const earlier = decodeIncarnation(fromHex(laterThan));
  expect([isLater(verified, earlier), isLater(earlier, verified)]).toEqual([true, false]);
});
