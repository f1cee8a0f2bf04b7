import { createPublicKey, verify as verifyEd25519 } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concatBytes, fromHex, toHex, toUtf8 } from '#kernel';
import { keyPairFromSeed } from './key-pair.ts';
import { sign, signingContexts, verify } from './signing.ts';

const key = keyPairFromSeed(new Uint8Array(32).fill(1));
const other = keyPairFromSeed(new Uint8Array(32).fill(2));
const data = toUtf8('what is signed');

describe('a signature', () => {
  it('verifies for its own purpose and for no other', () => {
    for (const made of signingContexts) {
      const signature = sign({ context: made, key, data });
      for (const asked of signingContexts) {
        expect(verify({ context: asked, publicKey: key.publicKey, data, signature })).toBe(asked === made);
      }
    }
  });

  it('is plain Ed25519 over purpose, version, NUL and data', () => {
    const signature = sign({ context: 'link-auth', key, data });
    const spki = concatBytes(fromHex('302a300506032b6570032100'), key.publicKey);
    const publicKey = createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' });
    expect(verifyEd25519(null, concatBytes(toUtf8('agent-mesh/link-auth/1\0'), data), publicKey, signature)).toBe(true);
  });

  it('fails after any one bit of data, signature or key changed', () => {
    const signature = sign({ context: 'card', key, data });
    const parts = { data, signature, publicKey: key.publicKey };
    fc.assert(
      fc.property(fc.constantFrom('data', 'signature', 'publicKey'), fc.nat(), (part, where) => {
        const changed = Uint8Array.from(parts[part]);
        const bit = where % (changed.length * 8);
        changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        expect(verify({ context: 'card', ...parts, [part]: changed })).toBe(false);
      }),
      { numRuns: 60 },
    );
    expect(verify({ context: 'card', ...parts })).toBe(true);
  });

  it('of a wrong length is refused and nothing is thrown', () => {
    const signature = sign({ context: 'card', key, data });
    for (const length of [0, 1, 63]) {
      expect(
        verify({ context: 'card', publicKey: key.publicKey, data, signature: signature.subarray(0, length) }),
      ).toBe(false);
    }
    expect(verify({ context: 'card', publicKey: key.publicKey.subarray(1), data, signature })).toBe(false);
  });

  it('with S increased by the group order is refused', () => {
    const signature = sign({ context: 'card', key, data });
    const order = 2n ** 252n + 27742317777372353535851937790883648493n;
    const littleEndian = (bytes: Uint8Array): bigint => BigInt(`0x${toHex(Uint8Array.from(bytes).reverse())}`);
    const s = littleEndian(signature.subarray(32)) + order;
    const second = fromHex(s.toString(16).padStart(64, '0')).reverse();
    const twin = concatBytes(signature.subarray(0, 32), second);
    expect(verify({ context: 'card', publicKey: key.publicKey, data, signature: twin })).toBe(false);
  });
});

describe('a key of small order', () => {
  // Under the neutral point this signature satisfies the equation of RFC 8032 §5.1.7 for every text.
  const neutral = Uint8Array.of(1, ...new Uint8Array(31));
  const universal = Uint8Array.of(1, ...new Uint8Array(63));

  it('verifies nothing', () => {
    expect(verify({ context: 'card', publicKey: neutral, data, signature: universal })).toBe(false);
  });
});

describe('the cache of parsed keys', () => {
  it('is not fooled by bytes that change after their first use', () => {
    const bytes = Uint8Array.from(key.publicKey);
    const signature = sign({ context: 'card', key: other, data });
    expect(verify({ context: 'card', publicKey: bytes, data, signature })).toBe(false);
    bytes.set(other.publicKey);
    expect(verify({ context: 'card', publicKey: bytes, data, signature })).toBe(true);
  });

  it('does not sign with a seed that was wiped', () => {
    const seed = Uint8Array.from(key.seed);
    const before = sign({ context: 'card', key: { ...key, seed }, data });
    seed.fill(0);
    expect(sign({ context: 'card', key: { ...key, seed }, data })).not.toEqual(before);
  });
});
