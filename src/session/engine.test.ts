import {
  bytesToBase64,
  type ClientState,
  defaultAuthenticationService,
  type KeyPackage,
  makePskIndex,
  type PrivateKeyPackage,
  type Welcome,
} from 'ts-mls';
import { describe, expect, it } from 'vitest';
import { codeOf, concatBytes, defaultLimits, toHex, toUtf8 } from '#kernel';
import {
  alice,
  at,
  bob,
  codeOfOpening,
  codeOfRejection,
  contextOf,
  day,
  mallory,
  newPair,
  now,
  openText,
  pairAfter,
  sealAll,
  selfOf,
} from '../../test/support/session-fixtures.ts';
import { clientConfig } from './client-config.ts';
import { createSessionEngine } from './create-session-engine.ts';
import { openEngine } from './engine.ts';
import { decodePrivatePackage, makeKeyPackage } from './key-package.ts';
import { anyClock } from './lifetime.ts';
import { createCommit, createGroup, emptyPskIndex, generateKeyPackageWithKey, joinGroup } from './mls.ts';
import type { OwnKeyPackage, SessionSelf } from './secure-session.ts';
import { decodeKeyPackage, encodeWelcome } from './wire.ts';

const context = contextOf('engine');
const { suite } = context;
const engine = openEngine(context);
const trusting = clientConfig(defaultLimits, defaultAuthenticationService);

async function welcomeToBob(self: SessionSelf = alice): Promise<{ welcome: Uint8Array; own: OwnKeyPackage }> {
  const own = await engine.createKeyPackage(bob, now);
  const { welcome } = await engine.create({ self, peer: bob.agentId, keyPackage: own.publicBytes, now });
  return { welcome, own };
}

const joinAsBob = (made: { welcome: Uint8Array; own: OwnKeyPackage }, changed: object = {}) =>
  codeOfRejection(
    engine.join({ self: bob, peer: alice.agentId, welcome: made.welcome, keyPackage: made.own, now, ...changed }),
  );

describe('the first contact', () => {
  it('works while the peer is offline: welcome and first frames in one drop', async () => {
    const own = await engine.createKeyPackage(bob, now);
    const { session, welcome } = await engine.create({
      self: alice,
      peer: bob.agentId,
      keyPackage: own.publicBytes,
      now,
    });
    const { frames } = await sealAll(session, ['one', 'two']);
    expect(engine.welcomeRefs(welcome)).toEqual([own.ref]);
    const joined = await engine.join({ self: bob, peer: alice.agentId, welcome, keyPackage: own, now });
    const first = await openText(joined, at(frames, 0));
    expect([first.text, (await openText(first.next, at(frames, 1))).text]).toEqual(['one', 'two']);
    expect([joined.groupId, joined.epoch, joined.peer]).toEqual([session.groupId, 1, alice.agentId]);
    expect(joined.groupId).toMatch(/^[0-9a-f]{32}$/);
  });

  it('shows neither agent in the welcome', async () => {
    const { welcome } = await welcomeToBob();
    for (const self of [alice, bob]) {
      expect(toHex(welcome)).not.toContain(toHex(self.certificate.devicePublicKey));
      expect(toHex(welcome)).not.toContain(toHex(toUtf8(self.agentId)));
    }
  });

  it('is not with oneself', async () => {
    const own = await engine.createKeyPackage(alice, now);
    const self = { self: alice, peer: alice.agentId, keyPackage: own.publicBytes, now };
    expect(await codeOfRejection(engine.create(self))).toBe('INVALID_ARGUMENT');
  });

  it('is not made with an own certificate that is over', async () => {
    const own = await engine.createKeyPackage(bob, now);
    const late = selfOf({ root: 0xa1, device: 0xad, notAfter: now });
    expect(
      await codeOfRejection(engine.create({ self: late, peer: bob.agentId, keyPackage: own.publicBytes, now })),
    ).toBe('CERTIFICATE_INVALID');
  });

  it('works through the door of the room', async () => {
    const { random } = contextOf('door');
    const door = await createSessionEngine({ random, limits: defaultLimits });
    const own = await door.createKeyPackage(bob, now);
    const made = await door.create({ self: alice, peer: bob.agentId, keyPackage: own.publicBytes, now });
    expect(made.session.rekeyDue(now)).toBe(false);
  });
});

describe('a welcome is refused', () => {
  it('when its creator is not the peer', async () => {
    const made = await welcomeToBob(mallory);
    expect(await joinAsBob(made)).toBe('CERTIFICATE_INVALID');
    expect(await joinAsBob(made, { peer: mallory.agentId })).toBe('resolved');
  });

  it('when its creator is another device of the joiner', async () => {
    const made = await foreignWelcome({ self: selfOf({ root: 0xb0, device: 0xbf }) });
    expect(await joinAsBob(made)).toBe('SESSION_BROKEN');
    expect(await joinByLibrary(made)).toBe(1n);
  });

  it('when the certificate of its creator is over', async () => {
    const made = await welcomeToBob(selfOf({ root: 0xa1, device: 0xad, notAfter: now + day }));
    expect(await joinAsBob(made, { now: now + day })).toBe('CERTIFICATE_INVALID');
    expect(await joinAsBob(made, { now: now + day - 1 })).toBe('resolved');
  });

  it('as stale when the own key package is over, of a renewed device key, or of another form', async () => {
    const made = await welcomeToBob();
    expect(await joinAsBob(made, { now: made.own.expiresAt })).toBe('KEY_PACKAGE_STALE');
    const renewed = selfOf({ root: 0xb0, device: 0xbe });
    expect(await joinAsBob(made, { self: renewed })).toBe('KEY_PACKAGE_STALE');
    for (const privateBytes of [new Uint8Array(0), made.own.privateBytes.subarray(1), new Uint8Array(67)]) {
      expect(await joinAsBob(made, { keyPackage: { ...made.own, privateBytes } })).toBe('KEY_PACKAGE_STALE');
    }
    expect(await joinAsBob(made)).toBe('resolved');
  });

  it('when it is for another key package, or the secret half is another', async () => {
    const made = await welcomeToBob();
    const other = await engine.createKeyPackage(bob, now);
    expect(await joinAsBob({ ...made, own: other })).toBe('SESSION_BROKEN');
    expect(await joinAsBob(made, { keyPackage: { ...made.own, privateBytes: other.privateBytes } })).toBe(
      'SESSION_BROKEN',
    );
  });

  it('when any byte of it is changed', async () => {
    const made = await welcomeToBob();
    for (let i = 0; i < made.welcome.length; i += 157) {
      const welcome = made.welcome.map((byte, index) => (index === i ? byte ^ 1 : byte));
      expect(await joinAsBob({ ...made, welcome }), `byte ${i}`).toBe('SESSION_BROKEN');
    }
  });

  it('when it is cut, too large, or something else; its references are MALFORMED then', async () => {
    const made = await welcomeToBob();
    const { maxWelcomeBytes } = defaultLimits;
    const cases = [
      new Uint8Array(0),
      made.welcome.subarray(0, 50),
      made.welcome.subarray(0, -1),
      concatBytes(made.welcome, Uint8Array.of(0)),
      new Uint8Array(maxWelcomeBytes + 1),
      made.own.publicBytes,
    ];
    for (const welcome of cases) {
      expect(await joinAsBob({ ...made, welcome })).toBe('SESSION_BROKEN');
      expect(codeThrownBy(() => engine.welcomeRefs(welcome))).toBe('MALFORMED');
    }
    expect(await joinAsBob(made)).toBe('resolved');
  });

  it('when the lifetime of its creator in it is too long or over, which the library does not look at', async () => {
    const at = BigInt(now) / 1000n;
    const good = { notBefore: at - 1n, notAfter: at + 100n };
    for (const [lifetime, code] of [
      [{ ...good, notAfter: at + 10_000_000n }, 'KEY_PACKAGE_INVALID'],
      [{ notBefore: at - 100n, notAfter: at - 1n }, 'KEY_PACKAGE_STALE'],
      [good, 'resolved'],
    ] as const) {
      const made = await foreignWelcome({ lifetime });
      expect(await joinAsBob(made)).toBe(code);
      await expect(joinByLibrary(made)).resolves.toBe(1n);
    }
  });

  it('when the group is not fresh: it has another epoch, more members, extensions, a short id or a pre-shared key', async () => {
    const cases = {
      olderEpoch: true,
      extra: selfOf({ root: 0xb0, device: 0xbf }),
      extensions: true,
      groupId: Uint8Array.of(1, 2, 3),
    };
    for (const [name, value] of Object.entries(cases)) {
      const made = await foreignWelcome({ [name]: value });
      expect(await joinAsBob(made), `with ${name}`).toBe('SESSION_BROKEN');
      expect(await joinByLibrary(made)).toBeTypeOf('bigint');
    }
    expect(await joinAsBob(await foreignWelcome({ psk: true }))).toBe('SESSION_BROKEN');
    expect(await joinAsBob(await foreignWelcome({ extra: mallory }))).toBe('CERTIFICATE_INVALID');
    expect(await joinAsBob(await foreignWelcome({}))).toBe('resolved');
  });
});

describe('the group id in the clear header', () => {
  it('is that of the session, for frames and commits', async () => {
    const { a } = await pairAfter(1);
    const { next, frames } = await sealAll(a, ['x']);
    const commit = await next.commit(now);
    expect([engine.groupIdOf(at(frames, 0)), engine.groupIdOf(commit.bytes)]).toEqual([a.groupId, a.groupId]);
  });

  it('is MALFORMED for everything else', async () => {
    const { a, welcome } = await newPair();
    const sealed = at((await sealAll(a, ['x'])).frames, 0);
    const short = sealed.map((byte, i) => (i === 4 ? 15 : byte));
    for (const bytes of [new Uint8Array(0), welcome, sealed.subarray(0, 20), short, toUtf8('{}')]) {
      expect(codeThrownBy(() => engine.groupIdOf(bytes))).toBe('MALFORMED');
    }
    expect(engine.groupIdOf(sealed.subarray(0, 21))).toBe(a.groupId);
  });
});

describe('loading', () => {
  it('refuses a session of another peer, another self, or a device key that was renewed since', async () => {
    const { a } = await pairAfter(1);
    const stored = a.encode();
    const load = (self: SessionSelf, peer: typeof bob.agentId) =>
      codeThrownBy(() => engine.load({ self, peer, stored }));
    expect(load(alice, bob.agentId)).toBe('nothing');
    expect(load(alice, mallory.agentId)).toBe('SESSION_BROKEN');
    expect(load(mallory, bob.agentId)).toBe('SESSION_BROKEN');
    expect(load(bob, alice.agentId)).toBe('SESSION_BROKEN');
    expect(load(selfOf({ root: 0xa1, device: 0xae }), bob.agentId)).toBe('SESSION_BROKEN');
  });

  it('accepts a certificate that was issued again for the same device key', async () => {
    const { a, b } = await pairAfter(1);
    const again = selfOf({ root: 0xa1, device: 0xad, notAfter: now + 500 * day });
    const loaded = engine.load({ self: again, peer: bob.agentId, stored: a.encode() });
    const { frames } = await sealAll(loaded, ['x']);
    expect(await codeOfOpening(b, at(frames, 0))).toBe('opened');
  });
});

interface Foreign {
  readonly self?: SessionSelf;
  readonly lifetime?: KeyPackage['leafNode']['lifetime'];
  readonly groupId?: Uint8Array;
  readonly extensions?: boolean;
  readonly extra?: SessionSelf;
  readonly olderEpoch?: boolean;
  readonly psk?: boolean;
}

interface ForeignWelcome {
  readonly welcome: Uint8Array;
  readonly own: OwnKeyPackage;
  readonly decoded: Welcome;
  readonly keys: { readonly publicPackage: KeyPackage; readonly privatePackage: PrivateKeyPackage };
}

/** A welcome made by the library without our rules, from Alice when nobody else is named. */
async function foreignWelcome(options: Foreign): Promise<ForeignWelcome> {
  const { self = alice } = options;
  const leaf = (await makeKeyPackage(context, self, now)).publicPackage.leafNode;
  const keys = { signKey: self.device.seed, publicKey: self.device.publicKey };
  const lifetime = options.lifetime ?? leaf.lifetime;
  const creator = await generateKeyPackageWithKey(leaf.credential, leaf.capabilities, lifetime, [], keys, suite);
  const extensions =
    options.extensions === true ? [{ extensionType: 'external_senders' as const, extensionData: sender() }] : [];
  const groupId = options.groupId ?? context.random.bytes(16);
  let state = await createGroup(groupId, creator.publicPackage, creator.privatePackage, extensions, suite, trusting);
  if (options.olderEpoch === true) state = await withOlderEpoch(state);
  const own = await engine.createKeyPackage(bob, now);
  const publicPackage = decodeKeyPackage(own.publicBytes, defaultLimits.maxKeyPackageBytes);
  const others = options.extra === undefined ? [] : [(await makeKeyPackage(context, options.extra, now)).publicPackage];
  const { welcome } = await createCommit(
    { state, cipherSuite: suite, pskIndex: pskIndexOf(state) },
    {
      extraProposals: [...[publicPackage, ...others].map(added), ...(options.psk === true ? [pskProposal] : [])],
      ratchetTreeExtension: true,
    },
  );
  if (welcome === undefined) throw new TypeError('a commit that adds a member has a welcome');
  const privatePackage = decodePrivatePackage(own.privateBytes, bob);
  return { welcome: encodeWelcome(welcome), own, decoded: welcome, keys: { publicPackage, privatePackage } };
}

const pskId = Uint8Array.of(1);
const preSharedKeyId = { psktype: 'external', pskId, pskNonce: new Uint8Array(64) } as const;
const pskProposal = { proposalType: 'psk' as const, psk: { preSharedKeyId } };
const pskIndexOf = (state: ClientState) => makePskIndex(state, { [bytesToBase64(pskId)]: new Uint8Array(64) });

/** One commit more before Bob is added, of a kind that leaves the creator's leaf as its key package made it. */
async function withOlderEpoch(state: ClientState): Promise<ClientState> {
  const context = { state, cipherSuite: suite, pskIndex: pskIndexOf(state) };
  return (await createCommit(context, { extraProposals: [pskProposal] })).newState;
}

const added = (keyPackage: KeyPackage) => {
  const lifetime = anyClock(keyPackage.leafNode.lifetime);
  const moved = { ...keyPackage, leafNode: { ...keyPackage.leafNode, lifetime } };
  return { proposalType: 'add' as const, add: { keyPackage: moved } };
};

/** The control: the library joins, and says in which epoch. */
async function joinByLibrary({ decoded, keys }: ForeignWelcome): Promise<bigint> {
  const { publicPackage, privatePackage } = keys;
  const joined = await joinGroup(
    decoded,
    publicPackage,
    privatePackage,
    emptyPskIndex,
    suite,
    undefined,
    undefined,
    trusting,
  );
  return joined.groupContext.epoch;
}

/** A sender outside the group, with a key and a basic credential (RFC 9420 §12.1.8.1). */
const sender = (): Uint8Array => Uint8Array.of(32, ...mallory.device.publicKey, 0, 1, 1, 0x6d);

function codeThrownBy(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    return codeOf(error);
  }
  return 'nothing';
}
