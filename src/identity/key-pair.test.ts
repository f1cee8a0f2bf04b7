import { createPrivateKey } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { fromHex, toHex } from '#kernel';
import { decodePkcs8, encodePkcs8, generateKeyPair, isStrongPublicKey, keyPairFromSeed } from './key-pair.ts';

// RFC 8032 §7.1, tests 1 and 2.
const standard = [
  [
    '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60',
    'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
  ],
  [
    '4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb',
    '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c',
  ],
] as const;

describe('a key pair', () => {
  it('has the public key that RFC 8032 gives for its seed', () => {
    for (const [seed, publicKey] of standard) expect(toHex(keyPairFromSeed(fromHex(seed)).publicKey)).toBe(publicKey);
  });

  it('takes its 32 secret bytes from the given random source', () => {
    const asked: number[] = [];
    const bytes = (length: number): Uint8Array => {
      asked.push(length);
      return new Uint8Array(length).fill(7);
    };
    const random = { bytes, fraction: () => 0 };
    expect(generateKeyPair(random)).toEqual(keyPairFromSeed(new Uint8Array(32).fill(7)));
    expect(asked).toEqual([32]);
  });

  it('is not made of a seed of another length', () => {
    for (const length of [0, 31, 33, 64]) {
      expect(() => keyPairFromSeed(new Uint8Array(length))).toThrow(expect.objectContaining({ code: 'MALFORMED' }));
    }
  });

  it('does not share memory with the seed it was made of', () => {
    const seed = new Uint8Array(32).fill(7);
    const pair = keyPairFromSeed(seed);
    seed.fill(0);
    expect(pair.seed).toEqual(new Uint8Array(32).fill(7));
  });
});

describe('the PKCS#8 form of a seed', () => {
  const seed = fromHex(standard[0][0]);

  it('is what OpenSSL writes for the same key', () => {
    const der = encodePkcs8(seed);
    const exported = createPrivateKey({ key: Buffer.from(der), format: 'der', type: 'pkcs8' }).export({
      format: 'der',
      type: 'pkcs8',
    });
    expect(toHex(der)).toBe(exported.toString('hex'));
    expect(decodePkcs8(der)).toEqual(seed);
  });

  it('is not read from other bytes', () => {
    const der = encodePkcs8(seed);
    expect(decodePkcs8(der.subarray(1))).toBeUndefined();
    expect(decodePkcs8(Uint8Array.from(der, (byte, index) => (index === 11 ? byte ^ 1 : byte)))).toBeUndefined();
  });
});

describe('a public key is refused', () => {
  const masked = (hex: string): Uint8Array[] => [
    fromHex(hex),
    fromHex(hex).map((byte, index) => (index === 31 ? byte | 0x80 : byte)),
  ];

  it('when it is a point of small order, with either sign', () => {
    const points = [
      '0000000000000000000000000000000000000000000000000000000000000000',
      '0100000000000000000000000000000000000000000000000000000000000000',
      '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
      'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
      'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
    ].flatMap(masked);
    expect(points.map(isStrongPublicKey)).toEqual(points.map(() => false));
  });

  it('when its y coordinate is not below the field prime', () => {
    for (const low of ['ed', 'ee', 'f0', 'ff']) {
      const points = masked(`${low}${'ff'.repeat(30)}7f`);
      expect(points.map(isStrongPublicKey)).toEqual([false, false]);
    }
  });

  it('but not when it is an ordinary key', () => {
    for (const [, publicKey] of standard) expect(isStrongPublicKey(fromHex(publicKey))).toBe(true);
  });
});
