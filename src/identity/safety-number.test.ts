import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { agentIdOf } from './agent-id.ts';
import { fingerprintOf } from './fingerprint.ts';
import { keyPairFromSeed } from './key-pair.ts';
import { safetyNumber } from './safety-number.ts';

const idOf = (byte: number) => agentIdOf(keyPairFromSeed(new Uint8Array(32).fill(byte)).publicKey);

describe('a safety number', () => {
  it('is 12 groups of 5 digits, the same on both sides', () => {
    const number = safetyNumber(idOf(1), idOf(2));
    expect(number).toMatch(/^\d{5}( \d{5}){11}$/);
    expect(safetyNumber(idOf(2), idOf(1))).toBe(number);
  });

  it('is another one for every other agent', () => {
    const numbers = [idOf(2), idOf(3), idOf(4)].map((id) => safetyNumber(idOf(1), id));
    expect(new Set(numbers).size).toBe(3);
  });
});

describe('a fingerprint', () => {
  const { publicKey } = keyPairFromSeed(new Uint8Array(32).fill(1));

  it('is the SHA-256 of the raw key, its first 16 bytes in 8 groups of 4', () => {
    const { short, full } = fingerprintOf(publicKey);
    expect(full).toBe(createHash('sha256').update(publicKey).digest('hex'));
    expect(short).toMatch(/^[0-9a-f]{4}( [0-9a-f]{4}){7}$/);
    expect(full.startsWith(short.replaceAll(' ', ''))).toBe(true);
  });

  it('is not made of anything but 32 bytes', () => {
    expect(() => fingerprintOf(publicKey.subarray(1))).toThrow(expect.objectContaining({ code: 'MALFORMED' }));
  });
});
