import { createHmac as nodeHmac, hkdfSync } from 'node:crypto';
import { type CiphersuiteImpl, defaultCryptoProvider, getCiphersuiteFromName, getCiphersuiteImpl } from 'ts-mls';
import { beforeAll, describe, expect, it } from 'vitest';
import { defaultLimits, toHex, toUtf8 } from '#kernel';
import { contextOf, newPair, openText, pairAfter, sealAll, seededRandom } from '../../test/support/session-fixtures.ts';
import { createSuite, suiteId, suiteName } from './provider.ts';
import { createHmac, createScratch } from './sha512.ts';

const random = seededRandom('provider');
const lengths = [0, 1, 31, 32, 63, 64, 65, 111, 112, 127, 128, 129, 255, 1000, 1024, 1025, 5000];
const texts = lengths.map((length) => random.bytes(length));

let ours: CiphersuiteImpl;
let theirs: CiphersuiteImpl;

beforeAll(async () => {
  ours = createSuite(random);
  theirs = await getCiphersuiteImpl(getCiphersuiteFromName(suiteName), defaultCryptoProvider);
});

/** Runs a check with each of the two suites in both parts. */
function bothWays(check: (from: CiphersuiteImpl, to: CiphersuiteImpl) => Promise<void>): () => Promise<void> {
  return async () => {
    await check(ours, theirs);
    await check(theirs, ours);
    await check(ours, ours);
  };
}

describe('our provider equals the default one of the library', () => {
  it('in the name and the number of the suite', async () => {
    const { ciphersuites } = await import('ts-mls');
    expect(ours.name).toBe(theirs.name);
    expect(ciphersuites[suiteName]).toBe(suiteId);
  });

  it('in hashing texts of every length', async () => {
    for (const text of texts) expect(await ours.hash.digest(text)).toEqual(await theirs.hash.digest(text));
  });

  it('in MACs under keys and over texts of every length', async () => {
    for (const key of texts.filter(({ length }) => length > 0)) {
      for (const text of texts) {
        const mac = await ours.hash.mac(key, text);
        expect(toHex(mac)).toBe(toHex(await theirs.hash.mac(key, text)));
        expect(await ours.hash.verifyMac(key, mac, text)).toBe(true);
      }
    }
  });

  it('in refusing MACs with a changed bit, a missing byte or another key', async () => {
    const [key, text] = [random.bytes(64), random.bytes(100)];
    const mac = await theirs.hash.mac(key, text);
    const changed = mac.map((byte, i) => (i === 63 ? byte ^ 1 : byte));
    const cases: [Uint8Array, Uint8Array][] = [
      [key, changed],
      [key, mac.subarray(0, 63)],
      [random.bytes(64), mac],
    ];
    for (const [otherKey, otherMac] of cases) {
      expect(await ours.hash.verifyMac(otherKey, otherMac, text)).toBe(false);
      expect(await theirs.hash.verifyMac(otherKey, otherMac, text)).toBe(false);
    }
    expect(await ours.hash.verifyMac(key, mac, text)).toBe(true);
  });

  it('in extracting, with and without salt', async () => {
    expect(ours.kdf.size).toBe(theirs.kdf.size);
    for (const salt of [new Uint8Array(0), random.bytes(64)]) {
      for (const input of texts)
        expect(await ours.kdf.extract(salt, input)).toEqual(await theirs.kdf.extract(salt, input));
    }
  });

  it('in expanding to every length up to the limit', async () => {
    const key = random.bytes(64);
    for (const info of texts) {
      for (const length of [1, 12, 32, 63, 64, 65, 128, 1000]) {
        expect(await ours.kdf.expand(key, info, length)).toEqual(await theirs.kdf.expand(key, info, length));
      }
    }
    for (const length of [255 * 64 - 1, 255 * 64]) {
      expect(await ours.kdf.expand(key, random.bytes(3), length)).toHaveLength(length);
    }
    const info = random.bytes(20);
    expect(await ours.kdf.expand(key, info, 255 * 64)).toEqual(await theirs.kdf.expand(key, info, 255 * 64));
    await expect(ours.kdf.expand(key, info, 255 * 64 + 1)).rejects.toThrow(RangeError);
    await expect(theirs.kdf.expand(key, info, 255 * 64 + 1)).rejects.toThrow(Error);
  });

  it(
    'in signatures and their verification',
    bothWays(async (from, to) => {
      const { signKey, publicKey } = await from.signature.keygen();
      for (const text of texts) {
        const signature = await from.signature.sign(signKey, text);
        expect(toHex(await to.signature.sign(signKey, text))).toBe(toHex(signature));
        expect(await to.signature.verify(publicKey, text, signature)).toBe(true);
        expect(await to.signature.verify(publicKey, toUtf8('other'), signature)).toBe(false);
        expect(
          await to.signature.verify(
            publicKey,
            text,
            signature.map((byte, i) => (i === 0 ? byte ^ 1 : byte)),
          ),
        ).toBe(false);
      }
    }),
  );

  it('in AEAD, with and without associated data', async () => {
    const [key, nonce] = [random.bytes(ours.hpke.keyLength), random.bytes(ours.hpke.nonceLength)];
    expect([ours.hpke.keyLength, ours.hpke.nonceLength]).toEqual([theirs.hpke.keyLength, theirs.hpke.nonceLength]);
    for (const associated of [undefined, new Uint8Array(0), random.bytes(40)]) {
      for (const text of texts) {
        const sealed = await ours.hpke.encryptAead(key, nonce, associated, text);
        expect(sealed).toEqual(await theirs.hpke.encryptAead(key, nonce, associated, text));
        expect(await ours.hpke.decryptAead(key, nonce, associated, sealed)).toEqual(text);
        expect(await theirs.hpke.decryptAead(key, nonce, associated, sealed)).toEqual(text);
      }
    }
  });

  it('in refusing every change of an AEAD ciphertext, its key, nonce and associated data', async () => {
    const [key, nonce, associated, text] = [random.bytes(32), random.bytes(12), random.bytes(9), random.bytes(50)];
    const sealed = await ours.hpke.encryptAead(key, nonce, associated, text);
    const flip = (bytes: Uint8Array, at: number): Uint8Array => bytes.map((byte, i) => (i === at ? byte ^ 128 : byte));
    const cases: Parameters<CiphersuiteImpl['hpke']['decryptAead']>[] = [
      ...Array.from(sealed, (_, at): (typeof cases)[0] => [key, nonce, associated, flip(sealed, at)]),
      [flip(key, 3), nonce, associated, sealed],
      [key, flip(nonce, 3), associated, sealed],
      [key, nonce, flip(associated, 3), sealed],
      [key, nonce, undefined, sealed],
      [key, nonce, associated, sealed.subarray(0, -1)],
      [key, nonce, associated, sealed.subarray(0, 15)],
      [key, nonce, associated, new Uint8Array(0)],
    ];
    for (const call of cases) {
      await expect(ours.hpke.decryptAead(...call)).rejects.toThrow(Error);
      await expect(theirs.hpke.decryptAead(...call)).rejects.toThrow(Error);
    }
    expect(await ours.hpke.decryptAead(key, nonce, associated, sealed)).toEqual(text);
  });

  it(
    'in key pairs: generated, derived, exported, imported',
    bothWays(async (from, to) => {
      const input = random.bytes(64);
      const derived = await from.hpke.deriveKeyPair(input);
      const other = await to.hpke.deriveKeyPair(input);
      const secret = await from.hpke.exportPrivateKey(derived.privateKey);
      const open = await from.hpke.exportPublicKey(derived.publicKey);
      expect(await to.hpke.exportPrivateKey(other.privateKey)).toEqual(secret);
      expect(await to.hpke.exportPublicKey(other.publicKey)).toEqual(open);
      expect(await from.hpke.exportPrivateKey(await to.hpke.importPrivateKey(secret))).toEqual(secret);
      expect(await from.hpke.exportPublicKey(await to.hpke.importPublicKey(open))).toEqual(open);
      const [one, two] = [await from.hpke.generateKeyPair(), await from.hpke.generateKeyPair()];
      expect(await from.hpke.exportPublicKey(one.publicKey)).toHaveLength(1216);
      expect(await from.hpke.exportPublicKey(one.publicKey)).not.toEqual(
        await from.hpke.exportPublicKey(two.publicKey),
      );
      await expect(to.hpke.importPublicKey(open.subarray(1))).rejects.toThrow(Error);
      await expect(to.hpke.importPrivateKey(secret.subarray(1))).rejects.toThrow(Error);
    }),
  );

  it(
    'in sealing to a public key and opening',
    bothWays(async (from, to) => {
      const { privateKey, publicKey } = await to.hpke.generateKeyPair();
      const sealTo = await from.hpke.importPublicKey(await to.hpke.exportPublicKey(publicKey));
      for (const [info, associated] of [
        [random.bytes(30), undefined],
        [new Uint8Array(0), random.bytes(5)],
      ] as const) {
        const text = random.bytes(200);
        const { enc, ct } = await from.hpke.seal(sealTo, text, info, associated);
        expect(await to.hpke.open(privateKey, enc, ct, info, associated)).toEqual(text);
        await expect(to.hpke.open(privateKey, enc, ct, random.bytes(30), associated)).rejects.toThrow(Error);
        await expect(
          to.hpke.open(
            privateKey,
            enc.map((byte) => byte ^ 1),
            ct,
            info,
            associated,
          ),
        ).rejects.toThrow(Error);
      }
    }),
  );

  it(
    'in exported secrets',
    bothWays(async (from, to) => {
      const { privateKey, publicKey } = await to.hpke.generateKeyPair();
      const sendTo = await from.hpke.importPublicKey(await to.hpke.exportPublicKey(publicKey));
      const [label, info] = [toUtf8('MLS 1.0 external init secret'), random.bytes(7)];
      const { enc, secret } = await from.hpke.exportSecret(sendTo, label, 64, info);
      expect(secret).toHaveLength(64);
      expect(await to.hpke.importSecret(privateKey, label, enc, 64, info)).toEqual(secret);
      expect(await to.hpke.importSecret(privateKey, toUtf8('other'), enc, 64, info)).not.toEqual(secret);
    }),
  );
});

describe('our provider on its own', () => {
  it('computes HMAC and HKDF as node:crypto does for every key and salt length, also those the default one refuses', async () => {
    for (const key of texts) {
      expect(toHex(await ours.hash.mac(key, toUtf8('text')))).toBe(
        nodeHmac('sha512', key).update('text').digest('hex'),
      );
      const expected = new Uint8Array(hkdfSync('sha512', toUtf8('input'), key, toUtf8('info'), 100));
      const extracted = await ours.kdf.extract(key, toUtf8('input'));
      expect(await ours.kdf.expand(extracted, toUtf8('info'), 100)).toEqual(expected);
    }
  });

  it('gives plain arrays that own their memory: a view of a shared buffer could be changed by others', async () => {
    const { signKey, publicKey } = await ours.signature.keygen();
    const [key, nonce] = [random.bytes(32), random.bytes(12)];
    const sealed = await ours.hpke.encryptAead(key, nonce, undefined, random.bytes(20));
    const made = [
      await ours.hash.digest(random.bytes(3)),
      await ours.hash.mac(random.bytes(3), random.bytes(3)),
      await ours.kdf.expand(random.bytes(64), random.bytes(3), 12),
      await ours.signature.sign(signKey, random.bytes(3)),
      ours.rng.randomBytes(16),
      publicKey,
      signKey,
      sealed,
      await ours.hpke.decryptAead(key, nonce, undefined, sealed),
    ];
    for (const bytes of made) {
      expect(Object.getPrototypeOf(bytes)).toBe(Uint8Array.prototype);
      expect(bytes.buffer.byteLength).toBe(bytes.length);
    }
  });

  it('takes all randomness from the source that it is given, encapsulation included', async () => {
    const welcomeOf = async (seed: string): Promise<string> => {
      const { a, welcome } = await newPair({ aliceContext: contextOf(seed), bobContext: contextOf('bob') });
      return toHex(welcome) + toHex((await a.seal(toUtf8('text'))).bytes);
    };
    expect(await welcomeOf('one')).toBe(await welcomeOf('one'));
    expect(await welcomeOf('one')).not.toBe(await welcomeOf('two'));
  });

  it('keeps no key in its scratch memory', () => {
    const scratch = createScratch();
    const hmac = createHmac(scratch);
    expect(hmac(new Uint8Array(64).fill(7), toUtf8('text'))).toHaveLength(64);
    expect([...scratch.inner, ...scratch.outer].every((byte) => byte === 0)).toBe(true);
  });
});

describe('a session between our provider and the default one', () => {
  const withDefault = (seed: string) => ({ ...contextOf(seed, defaultLimits), suite: theirs });

  async function expectTalk(options: Parameters<typeof pairAfter>[1]): Promise<void> {
    let { a, b } = await pairAfter(3, options);
    const fromAlice = await sealAll(a, ['one', 'two', 'x'.repeat(20_000)]);
    const fromBob = await sealAll(b, ['three']);
    a = fromAlice.next;
    b = fromBob.next;
    const got: string[] = [];
    for (const frame of fromAlice.frames) {
      const opened = await openText(b, frame);
      b = opened.next;
      got.push(opened.text);
    }
    got.push((await openText(a, fromBob.frames[0] ?? new Uint8Array(0))).text);
    expect(got).toEqual(['one', 'two', 'x'.repeat(20_000), 'three']);
  }

  it('works with ours at the creator', () => expectTalk({ bobContext: withDefault('bob') }));
  it('works with ours at the joiner', () => expectTalk({ aliceContext: withDefault('alice') }));
});
