import { describe, expect, it } from 'vitest';
import { codeOf } from '#kernel';
import {
  decodeDeviceCertificate,
  type DeviceCertificate,
  encodeDeviceCertificate,
  issueDeviceCertificate,
  type VerifiedDeviceCertificate,
  verifyDeviceCertificate,
} from './device-certificate.ts';
import { keyPairFromSeed } from './key-pair.ts';

const root = keyPairFromSeed(new Uint8Array(32).fill(1));
const devicePublicKey = keyPairFromSeed(new Uint8Array(32).fill(2)).publicKey;
const issue = (notBefore: number, notAfter: number): DeviceCertificate =>
  issueDeviceCertificate({ root, devicePublicKey, notBefore, notAfter });

describe('a device certificate', () => {
  it('goes through its bytes unchanged and verifies within its time', () => {
    const certificate = issue(10, 20);
    const decoded = decodeDeviceCertificate(encodeDeviceCertificate(certificate));
    expect(verifyDeviceCertificate(decoded, { now: 10 })).toEqual(certificate);
    expect(verifyDeviceCertificate(decoded, { now: 19 })).toEqual(certificate);
  });

  it('is not issued for times that make no sense or a key that is none', () => {
    for (const [from, to] of [
      [10, 10],
      [20, 10],
      [-1, 10],
      [0.5, 10],
      [0, 2 ** 53],
      [0, Number.NaN],
    ] as const) {
      expect(() => issue(from, to)).toThrow(expect.objectContaining({ code: 'CERTIFICATE_INVALID' }));
    }
    const weak = { root, devicePublicKey: new Uint8Array(32), notBefore: 0, notAfter: 1 };
    expect(() => issueDeviceCertificate(weak)).toThrow(expect.objectContaining({ code: 'CERTIFICATE_INVALID' }));
  });

  it('is a type that a spread of a verified one does not have', () => {
    const verified = verifyDeviceCertificate(issue(10, 20), { now: 15 });
    const needsVerified = (certificate: VerifiedDeviceCertificate): number => certificate.notAfter;
    // @ts-expect-error a changed copy was not verified
    expect(needsVerified({ ...verified, notAfter: 99 })).toBe(99);
    expect(Object.isFrozen(verified)).toBe(true);
  });

  it('names the rule in CERTIFICATE_INVALID even for times beyond the calendar', () => {
    const certificate = issue(2 ** 53 - 2, 2 ** 53 - 1);
    let code = '';
    try {
      verifyDeviceCertificate(certificate, { now: 1 });
    } catch (error) {
      code = codeOf(error);
    }
    expect(code).toBe('CERTIFICATE_INVALID');
  });
});
