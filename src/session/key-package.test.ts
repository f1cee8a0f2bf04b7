import type { KeyPackage } from 'ts-mls';
import { signKeyPackage } from 'ts-mls/keyPackage.js';
import { describe, expect, it } from 'vitest';
import { concatBytes, defaultLimits, equalBytes, toHex } from '#kernel';
import { encodeDeviceCertificate } from '#identity';
import { libraryKeyPackage } from '../../test/support/library-pair.ts';
import {
  alice,
  bob,
  codeOfRejection,
  contextOf,
  day,
  mallory,
  now,
  selfOf,
} from '../../test/support/session-fixtures.ts';
import { clientConfig } from './client-config.ts';
import { trustNobody } from './credential.ts';
import { openEngine } from './engine.ts';
import { makeKeyPackage } from './key-package.ts';
import { anyClock, checkLifetime, lifetimeFor } from './lifetime.ts';
import { createCommit, createGroup, generateKeyPackageWithKey } from './mls.ts';
import type { SessionSelf } from './secure-session.ts';
import { decodeKeyPackage, encodeKeyPackage } from './wire.ts';

const context = contextOf('key packages');
const engine = openEngine(context);
const { keyPackageLifetimeMs, maxKeyPackageBytes, maxSkewPastMs } = defaultLimits;
const second = 1000n;

const check = (bytes: Uint8Array, changed: { peer?: typeof bob.agentId; now?: number } = {}): Promise<string> =>
  codeOfRejection(engine.checkKeyPackage({ bytes, peer: bob.agentId, now, ...changed }));

/** A key package signed by the device key, with whatever is wrong in it. */
async function packageWith(changed: Changes): Promise<Uint8Array> {
  const self = changed.self ?? bob;
  const { publicPackage } = await makeKeyPackage(context, self, now);
  const lifetime = { notBefore: BigInt(now) / second - 1n, notAfter: BigInt(now) / second + 100n, ...changed.lifetime };
  const leaf = publicPackage.leafNode;
  const made = await generateKeyPackageWithKey(
    changed.credential ?? leaf.credential,
    { ...leaf.capabilities, ...changed.capabilities },
    lifetime,
    [],
    { signKey: changed.signKey ?? self.device.seed, publicKey: self.device.publicKey },
    context.suite,
  );
  return encodeKeyPackage(made.publicPackage);
}

interface Changes {
  readonly self?: SessionSelf;
  readonly lifetime?: Partial<KeyPackage['leafNode']['lifetime']>;
  readonly capabilities?: Partial<KeyPackage['leafNode']['capabilities']>;
  readonly credential?: KeyPackage['leafNode']['credential'];
  readonly signKey?: Uint8Array;
}

describe('a key package', () => {
  it('is accepted by everybody who pins its agent, with reference and end', async () => {
    const own = await engine.createKeyPackage(bob, now);
    const checked = await engine.checkKeyPackage({ bytes: own.publicBytes, peer: bob.agentId, now });
    expect(checked).toEqual({ ref: own.ref, expiresAt: own.expiresAt });
    expect(own.expiresAt).toBe(now + keyPackageLifetimeMs);
    expect(own.ref).toMatch(/^[0-9a-f]{128}$/);
  });

  it('is another one each time', async () => {
    const [one, two] = [await engine.createKeyPackage(bob, now), await engine.createKeyPackage(bob, now)];
    expect(one.ref).not.toBe(two.ref);
    expect(toHex(one.privateBytes)).not.toBe(toHex(two.privateBytes));
  });

  it('shows nothing of its secret half', async () => {
    const own = await engine.createKeyPackage(bob, now);
    const publicHex = toHex(own.publicBytes);
    for (const secret of [own.privateBytes.subarray(3, 35), own.privateBytes.subarray(35), bob.device.seed]) {
      expect(secret).toHaveLength(32);
      expect(publicHex).not.toContain(toHex(secret));
    }
  });

  it('is not made with a device certificate that is over', async () => {
    const late = now + 366 * day;
    expect(await codeOfRejection(engine.createKeyPackage(bob, late))).toBe('CERTIFICATE_INVALID');
  });

  it('ends with the device certificate when that comes first', async () => {
    const brief = selfOf({ root: 0xb0, device: 0xbd, notAfter: now + day });
    const own = await engine.createKeyPackage(brief, now);
    expect(own.expiresAt).toBe(now + day);
  });
});

describe('the lifetime of a key package', () => {
  it('begins earlier by the skew of clocks and ends on the second', async () => {
    const { publicBytes, expiresAt } = await engine.createKeyPackage(bob, now);
    expect(await check(publicBytes, { now: now - maxSkewPastMs })).toBe('resolved');
    expect(await check(publicBytes, { now: now - maxSkewPastMs - 1 })).toBe('KEY_PACKAGE_INVALID');
    expect(await check(publicBytes, { now: expiresAt - 1 })).toBe('resolved');
    expect(await check(publicBytes, { now: expiresAt })).toBe('KEY_PACKAGE_STALE');
  });

  it('that is over is stale, one in the future or of no length is invalid', async () => {
    const at = BigInt(now) / second;
    expect(await check(await packageWith({ lifetime: { notBefore: at - 10n, notAfter: at } }))).toBe(
      'KEY_PACKAGE_STALE',
    );
    expect(await check(await packageWith({ lifetime: { notBefore: at + 1n } }))).toBe('KEY_PACKAGE_INVALID');
    expect(await check(await packageWith({ lifetime: { notBefore: at, notAfter: at } }))).toBe('KEY_PACKAGE_INVALID');
    expect(await check(await packageWith({ lifetime: { notBefore: at, notAfter: at - 5n } }))).toBe(
      'KEY_PACKAGE_INVALID',
    );
    expect(await check(await packageWith({}))).toBe('resolved');
  });

  it('that is too long is invalid, the default of the library above all', async () => {
    const at = BigInt(now) / second;
    const longest = BigInt(keyPackageLifetimeMs + maxSkewPastMs) / second;
    const notBefore = at - 1n;
    expect(await check(await packageWith({ lifetime: { notBefore, notAfter: notBefore + longest } }))).toBe('resolved');
    expect(await check(await packageWith({ lifetime: { notBefore, notAfter: notBefore + longest + 1n } }))).toBe(
      'KEY_PACKAGE_INVALID',
    );
    const everlasting = { notBefore: 0n, notAfter: 9_223_372_036_854_775_807n };
    expect(await check(await packageWith({ lifetime: everlasting }))).toBe('KEY_PACKAGE_INVALID');
    const largest = { notBefore: 2n ** 64n - 2n, notAfter: 2n ** 64n - 1n };
    expect(await check(await packageWith({ lifetime: largest }))).toBe('KEY_PACKAGE_INVALID');
  });

  it('is stale when the device certificate in it is over', async () => {
    const brief = selfOf({ root: 0xb0, device: 0xbd, notAfter: now + day });
    const bytes = await packageWith({ self: brief, lifetime: { notAfter: BigInt(now + 2 * day) / second } });
    expect(await engine.checkKeyPackage({ bytes, peer: bob.agentId, now })).toMatchObject({ expiresAt: now + day });
    expect(await check(bytes, { now: now + day })).toBe('KEY_PACKAGE_STALE');
    expect(await check(bytes, { now: now + day, peer: alice.agentId })).toBe('KEY_PACKAGE_INVALID');
  });

  it('is judged by the clock that is given, also when the library would ask the clock of the machine', async () => {
    const longAgo = 1_000_000_000_000;
    const self = selfOf({ root: 0xb0, device: 0xbd, notBefore: 0, notAfter: longAgo + day });
    const other = selfOf({ root: 0xa1, device: 0xad, notBefore: 0, notAfter: longAgo + day });
    const own = await engine.createKeyPackage(self, longAgo);
    const made = await engine.create({ self: other, peer: self.agentId, keyPackage: own.publicBytes, now: longAgo });
    const joined = await engine.join({
      self,
      peer: other.agentId,
      welcome: made.welcome,
      keyPackage: own,
      now: longAgo,
    });
    expect(joined.groupId).toBe(made.session.groupId);
    expect(await codeOfAdding(decodeKeyPackage(own.publicBytes, maxKeyPackageBytes))).toBe(
      'Current time not within Lifetime',
    );
  });

  it('is encoded the same when it is moved away from every clock', async () => {
    const lifetime = lifetimeFor({ now, certifiedUntil: now + 100 * day, limits: defaultLimits });
    const moved = anyClock(lifetime);
    const { publicPackage } = await makeKeyPackage(context, bob, now);
    const withMoved = { ...publicPackage, leafNode: { ...publicPackage.leafNode, lifetime: moved } };
    const same = { ...publicPackage, leafNode: { ...publicPackage.leafNode, lifetime } };
    expect(moved.notBefore < 0n && moved.notAfter > 2n ** 64n).toBe(true);
    expect(equalBytes(encodeKeyPackage(withMoved), encodeKeyPackage(same))).toBe(true);
    expect(checkLifetime(lifetime, { now, limits: defaultLimits })).toBe(now + keyPackageLifetimeMs);
  });

  /** What the library says about adding this member to a group. */
  async function codeOfAdding(keyPackage: KeyPackage): Promise<string> {
    const creator = await libraryKeyPackage(context.suite, 'a');
    const config = clientConfig(defaultLimits, trustNobody);
    const { publicPackage, privatePackage } = creator;
    const state = await createGroup(Uint8Array.of(1), publicPackage, privatePackage, [], context.suite, config);
    const extraProposals = [{ proposalType: 'add' as const, add: { keyPackage } }];
    return createCommit({ state, cipherSuite: context.suite }, { extraProposals }).then(
      () => 'added',
      (error: unknown) => (error instanceof Error ? error.message : 'unknown'),
    );
  }
});

describe('a key package is invalid', () => {
  it('when it is of another agent than the one that is asked for', async () => {
    const own = await engine.createKeyPackage(mallory, now);
    expect(await check(own.publicBytes)).toBe('KEY_PACKAGE_INVALID');
    expect(await check(own.publicBytes, { peer: mallory.agentId })).toBe('resolved');
  });

  it('when it bears the certificate of the peer and the key of another', async () => {
    const stolen = await packageWith({
      self: { ...mallory, certificate: bob.certificate },
      credential: (await leafOf(bob)).credential,
    });
    expect(await check(stolen)).toBe('KEY_PACKAGE_INVALID');
  });

  it('when its certificate is not signed by the root key of the peer', async () => {
    const forged = { ...bob, certificate: { ...bob.certificate, notAfter: bob.certificate.notAfter + 1 } };
    const credential = { credentialType: 'basic', identity: encodeDeviceCertificate(forged.certificate) } as const;
    expect(await check(await packageWith({ credential }))).toBe('KEY_PACKAGE_INVALID');
  });

  it('when its credential is no device certificate', async () => {
    for (const identity of [new Uint8Array(0), Uint8Array.of(0xa0), new Uint8Array(300)]) {
      expect(await check(await packageWith({ credential: { credentialType: 'basic', identity } }))).toBe(
        'KEY_PACKAGE_INVALID',
      );
    }
    const x509 = { credentialType: 'x509', certificates: [bob.device.publicKey] } as const;
    expect(await check(await packageWith({ credential: { ...x509, certificates: [...x509.certificates] } }))).toBe(
      'KEY_PACKAGE_INVALID',
    );
  });

  it('when it is signed by another key', async () => {
    expect(await check(await packageWith({ signKey: mallory.device.seed }))).toBe('KEY_PACKAGE_INVALID');
  });

  it('when any byte of it is changed', async () => {
    const { publicBytes } = await engine.createKeyPackage(bob, now);
    const everySeventh = Array.from({ length: Math.ceil(publicBytes.length / 7) }, (_, i) => i * 7);
    for (const at of [...everySeventh, publicBytes.length - 1]) {
      const changed = publicBytes.map((byte, i) => (i === at ? byte ^ 1 : byte));
      expect(await check(changed), `byte ${at}`).not.toBe('resolved');
    }
    expect(await check(publicBytes)).toBe('resolved');
  });

  it('when it is for another suite or another version of MLS', async () => {
    const { publicBytes } = await engine.createKeyPackage(bob, now);
    const cipherSuite = 'MLS_256_XWING_AES256GCM_SHA512_Ed25519';
    expect(await check(await signed({ cipherSuite }))).toBe('KEY_PACKAGE_INVALID');
    // MLSMessage: version, wire format; KeyPackage: version, suite (RFC 9420 §6 and §10).
    for (const [offset, value] of [
      [1, 2],
      [5, 2],
      [7, 83],
      [7, 1],
    ] as const) {
      const changed = publicBytes.map((byte, i) => (i === offset ? value : byte));
      expect(await check(changed), `${value} at ${offset}`).toBe('KEY_PACKAGE_INVALID');
    }
    expect([...publicBytes.subarray(0, 8)]).toEqual([0, 1, 0, 5, 0, 1, 0, 84]);
  });

  it('when a key in it has another length, or is the same twice', async () => {
    const { initKey, leafNode } = (await makeKeyPackage(context, bob, now)).publicPackage;
    expect(await check(await signed({ initKey: initKey.subarray(1) }))).toBe('KEY_PACKAGE_INVALID');
    expect(await check(await signed({ initKey: leafNode.hpkePublicKey, leafNode }))).toBe('KEY_PACKAGE_INVALID');
    expect(await check(await signed({}))).toBe('resolved');
    // A key of the right length that is none shows itself only when something is sealed to it.
    const keyPackage = await signed({ initKey: initKey.map(() => 0xff) });
    expect(await codeOfRejection(engine.create({ self: alice, peer: bob.agentId, keyPackage, now }))).toBe(
      'KEY_PACKAGE_INVALID',
    );
  });

  it('when it does not claim to support its own suite and credential', async () => {
    expect(await check(await packageWith({ capabilities: { ciphersuites: [] } }))).toBe('KEY_PACKAGE_INVALID');
    expect(await check(await packageWith({ capabilities: { versions: [] } }))).toBe('KEY_PACKAGE_INVALID');
    expect(await check(await packageWith({ capabilities: { credentials: [] } }))).toBe('KEY_PACKAGE_INVALID');
  });

  it('when it is cut, too large, has bytes too many, or is something else', async () => {
    const { publicBytes } = await engine.createKeyPackage(bob, now);
    const { welcome } = await engine.create({ self: alice, peer: bob.agentId, keyPackage: publicBytes, now });
    const cases = [
      new Uint8Array(0),
      publicBytes.subarray(0, 100),
      publicBytes.subarray(0, -1),
      concatBytes(publicBytes, Uint8Array.of(0)),
      new Uint8Array(maxKeyPackageBytes + 1),
      welcome,
    ];
    for (const bytes of cases) expect(await check(bytes)).toBe('KEY_PACKAGE_INVALID');
  });

  it('before anything is created with it', async () => {
    const own = await engine.createKeyPackage(mallory, now);
    const forBob = { self: alice, peer: bob.agentId, now };
    expect(await codeOfRejection(engine.create({ ...forBob, keyPackage: own.publicBytes }))).toBe(
      'KEY_PACKAGE_INVALID',
    );
    const stale = await engine.createKeyPackage(bob, now);
    const later = { ...forBob, now: stale.expiresAt };
    expect(await codeOfRejection(engine.create({ ...later, keyPackage: stale.publicBytes }))).toBe('KEY_PACKAGE_STALE');
    expect(await codeOfRejection(engine.create({ ...forBob, keyPackage: stale.publicBytes }))).toBe('resolved');
  });

  it('when its leaf is not signed, whatever the signature around it says', async () => {
    const { leafNode } = (await makeKeyPackage(context, bob, now)).publicPackage;
    const signature = leafNode.signature.map((byte, i) => (i === 9 ? byte ^ 1 : byte));
    expect(await check(await signed({ leafNode: { ...leafNode, signature } }))).toBe('KEY_PACKAGE_INVALID');
    expect(await check(await signed({ leafNode }))).toBe('resolved');
  });

  it('when it is large, and only then', async () => {
    const extension = (length: number) => [{ extensionType: 0xf0a0, extensionData: new Uint8Array(length) }];
    expect(await check(await signed({ extensions: extension(maxKeyPackageBytes) }))).toBe('KEY_PACKAGE_INVALID');
    expect(await check(await signed({ extensions: extension(1000) }))).toBe('resolved');
  });

  /** A key package of Bob's with another part, signed again as a whole. */
  async function signed(changed: Partial<KeyPackage>): Promise<Uint8Array> {
    const { publicPackage } = await makeKeyPackage(context, bob, now);
    const whole = { ...publicPackage, ...changed };
    return encodeKeyPackage(await signKeyPackage(whole, bob.device.seed, context.suite.signature));
  }

  const leafOf = async (self: SessionSelf) => (await makeKeyPackage(context, self, now)).publicPackage.leafNode;
});
