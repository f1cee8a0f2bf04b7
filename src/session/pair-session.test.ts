import { type ClientState, createProposal, type MLSMessage } from 'ts-mls';
import { describe, expect, it } from 'vitest';
import { concatBytes, defaultLimits, MeshError, toHex, toUtf8 } from '#kernel';
import { libraryKeyPackage } from '../../test/support/library-pair.ts';
import {
  alice,
  at,
  bob,
  codeOfOpening,
  codeOfRejection,
  commitOnce,
  contextOf,
  day,
  mallory,
  newPair,
  now,
  openAll,
  openText,
  pairAfter,
  sealAll,
  selfOf,
  stolenState,
} from '../../test/support/session-fixtures.ts';
import { createPair } from './create-pair.ts';
import { openEngine } from './engine.ts';
import { withNumber } from './frame-number.ts';
import { joinPair } from './join-pair.ts';
import { createOwnKeyPackage, decodePrivatePackage } from './key-package.ts';
import { createApplicationMessage, createCommit } from './mls.ts';
import { PairSession } from './pair-session.ts';
import type { SecureSession } from './secure-session.ts';
import { decodePrivateMessage, encodePrivateMessage } from './wire.ts';

const { suite } = contextOf('attacker');

describe('a session of two', () => {
  it('gives every text back, in both directions and across commits', async () => {
    const { a, b } = await pairAfter(4);
    const texts = ['', 'short', 'x'.repeat(65_000)];
    const there = await sealAll(a, texts);
    const back = await sealAll(b, texts);
    expect((await openAll(back.next, there.frames)).texts).toEqual(texts);
    expect((await openAll(there.next, back.frames)).texts).toEqual(texts);
  });

  it('names group, epoch and peer, the same group at both ends', async () => {
    const { a, b } = await pairAfter(1);
    expect([a.groupId, a.epoch, a.peer]).toEqual([b.groupId, 2, bob.agentId]);
    expect(b.peer).toBe(alice.agentId);
    const engine = openEngine(contextOf('any'));
    const { frames } = await sealAll(a, ['x']);
    expect(engine.groupIdOf(at(frames, 0))).toBe(a.groupId);
  });

  it('shows group id, epoch and kind in clear, and nothing of the text or its sender', async () => {
    const { a } = await pairAfter(1);
    const { frames } = await sealAll(a, ['a text to look for']);
    const bytes = at(frames, 0);
    const message = decodePrivateMessage(bytes);
    expect(toHex(message.groupId)).toBe(a.groupId);
    expect([message.epoch, message.contentType, message.authenticatedData.length]).toEqual([2n, 'application', 0]);
    expect(toHex(bytes)).not.toContain(toHex(toUtf8('a text to look for')));
    expect(toHex(bytes)).not.toContain(toHex(alice.certificate.devicePublicKey));
  });

  it('adds no padding of its own: equal plaintexts give equal lengths, and overhead is small', async () => {
    const { a } = await pairAfter(1);
    const { frames } = await sealAll(a, ['a'.repeat(256), 'b'.repeat(256), 'c'.repeat(1024)]);
    const [one, two, three] = frames.map(({ length }) => length);
    expect(one).toBe(two);
    expect(one).toBeLessThan(256 + 160);
    expect(three).toBeLessThan(1024 + 160);
  });

  it('refuses two steps at once on one value: they would seal two frames with one key', async () => {
    const { a, b } = await pairAfter(1);
    const first = a.seal(toUtf8('first'));
    expect(await codeOfRejection(a.seal(toUtf8('second')))).toBe('WRONG_STATE');
    const step = await first;
    expect((await openText(b, step.bytes)).text).toBe('first');
    expect(await codeOfRejection(step.next.seal(toUtf8('second')))).toBe('resolved');
  });
});

describe('what was opened before', () => {
  it('is refused as a replay: the same frame, in the same and in a later epoch', async () => {
    const { a, b } = await pairAfter(1);
    const { next, frames } = await sealAll(b, ['once']);
    const opened = await openText(a, at(frames, 0));
    expect(await codeOfOpening(opened.next, at(frames, 0))).toBe('SESSION_REPLAY');
    const commit = await opened.next.commit(now);
    const followed = await next.open(commit.bytes, now);
    expect(await codeOfOpening(commit.next, at(frames, 0))).toBe('SESSION_REPLAY');
    expect(await codeOfOpening(followed.next, commit.bytes)).toBe('SESSION_REPLAY');
  });

  it('is refused when it is the own frame or the own commit, echoed', async () => {
    const { a } = await pairAfter(1);
    const { next, frames } = await sealAll(a, ['mine']);
    expect(await codeOfOpening(next, at(frames, 0))).toBe('SESSION_REPLAY');
    const commit = await next.commit(now);
    expect(await codeOfOpening(commit.next, at(frames, 0))).toBe('SESSION_REPLAY');
    expect(await codeOfOpening(commit.next, commit.bytes)).toBe('SESSION_REPLAY');
  });

  it('covers a sender whose state was rolled back: its next frame reuses a generation', async () => {
    const { a, b } = await pairAfter(1);
    const backup = a.encode();
    const engine = openEngine(contextOf('restored'));
    const { frames } = await sealAll(a, ['first']);
    const { next } = await openText(b, at(frames, 0));
    const restored = engine.load({ self: alice, peer: bob.agentId, stored: backup });
    const again = await sealAll(restored, ['second', 'third']);
    expect(await codeOfOpening(next, at(again.frames, 0))).toBe('SESSION_REPLAY');
    // The control: it is the generation, not the loading, that is refused.
    expect((await openText(next, at(again.frames, 1))).text).toBe('third');
  });

  it('covers frames of an epoch that is forgotten', async () => {
    const { a, b } = await pairAfter(1, { limits: { ...defaultLimits, retainedEpochs: 1 } });
    const sent = await sealAll(b, ['late']);
    const [one, two] = await commitOnce(a, sent.next);
    expect(await codeOfOpening(one, at(sent.frames, 0))).toBe('opened');
    const [after] = await commitOnce(one, two);
    expect(await codeOfOpening(after, at(sent.frames, 0))).toBe('SESSION_REPLAY');
  });
});

describe('what cannot be opened', () => {
  it('is refused when any byte of the frame is changed, and the session goes on', async () => {
    const { a, b } = await pairAfter(1);
    const { next, frames } = await sealAll(a, ['whole']);
    const whole = at(frames, 0);
    const before = toHex(b.encode());
    for (let i = 0; i < whole.length; i += 1) {
      const changed = whole.map((byte, index) => (index === i ? byte ^ 1 : byte));
      expect(await codeOfOpening(b, changed), `byte ${i}`).toBe('SESSION_BROKEN');
    }
    expect(toHex(b.encode())).toBe(before);
    const opened = await openText(b, whole);
    const after = await sealAll(next, ['next']);
    expect(opened.text).toBe('whole');
    expect((await openText(opened.next, at(after.frames, 0))).text).toBe('next');
  });

  it('is refused when it is cut, has bytes too many, or is no frame at all', async () => {
    const { a, b } = await pairAfter(1);
    const { frames } = await sealAll(a, ['whole']);
    const whole = at(frames, 0);
    const cut = Array.from({ length: 30 }, (_, i) => whole.subarray(0, Math.floor((i * whole.length) / 30)));
    for (const bytes of [...cut, concatBytes(whole, Uint8Array.of(0)), new Uint8Array(500), toUtf8('{"v":1}')]) {
      expect(await codeOfOpening(b, bytes)).toBe('SESSION_BROKEN');
    }
    expect(await codeOfOpening(b, whole)).toBe('opened');
  });

  it('is refused when it is of another session, and by nobody but the two', async () => {
    const { a, b } = await pairAfter(1);
    const other = await pairAfter(1, { aliceContext: contextOf('other') });
    const { frames } = await sealAll(a, ['for bob']);
    expect(other.a.groupId).not.toBe(a.groupId);
    expect(await codeOfOpening(other.b, at(frames, 0))).toBe('SESSION_BROKEN');
    await expect(other.b.open(at(frames, 0), now)).rejects.toThrow('of another session');
    expect(await codeOfOpening(b, at(frames, 0))).toBe('opened');
  });

  it('is refused when its epoch has not come yet, and opens when the commit was opened', async () => {
    const { a, b } = await pairAfter(1);
    const commit = await a.commit(now);
    const { frames } = await sealAll(commit.next, ['from the future']);
    expect(await codeOfOpening(b, at(frames, 0))).toBe('SESSION_BROKEN');
    await expect(b.open(at(frames, 0), now)).rejects.toThrow('its commit has not come');
    const { next } = await b.open(commit.bytes, now);
    expect((await openText(next, at(frames, 0))).text).toBe('from the future');
  });

  it('is SIGNATURE_INVALID when the other member seals it with a key that is not its device key', async () => {
    const { a, b } = await pairAfter(1);
    const forged = { ...stolenState(a, alice), signaturePrivateKey: mallory.device.seed };
    const { privateMessage } = await createApplicationMessage(forged, withNumber(0, toUtf8('not from alice')), suite);
    expect(await codeOfOpening(b, encodePrivateMessage(privateMessage))).toBe('SIGNATURE_INVALID');
    const real = await createApplicationMessage(stolenState(a, alice), withNumber(0, toUtf8('from alice')), suite);
    expect((await openText(b, encodePrivateMessage(real.privateMessage))).text).toBe('from alice');
  });

  it('is SIGNATURE_INVALID when one member claims to be the other', async () => {
    const { a, b } = await pairAfter(1);
    const asBob = { ...stolenState(a, alice), privatePath: { leafIndex: 1, privateKeys: {} } };
    const { privateMessage } = await createApplicationMessage(asBob, withNumber(0, toUtf8('from yourself')), suite);
    expect(await codeOfOpening(b, encodePrivateMessage(privateMessage))).toBe('SIGNATURE_INVALID');
    const ahead = await sealAll(b, ['mine']);
    expect(await codeOfOpening(ahead.next, encodePrivateMessage(privateMessage))).toBe('SESSION_REPLAY');
  });

  it('is refused when the device certificate of the peer is over', async () => {
    const brief = selfOf({ root: 0xa1, device: 0xad, notAfter: now + day });
    const bobContext = contextOf('bob');
    const own = await createOwnKeyPackage(bobContext, bob, now);
    const made = await createPair(contextOf('alice'), {
      self: brief,
      peer: bob.agentId,
      keyPackage: own.publicBytes,
      now,
    });
    const joined = await joinPair(bobContext, {
      self: bob,
      peer: alice.agentId,
      welcome: made.welcome,
      keyPackage: own,
      now,
    });
    const { frames } = await sealAll(made.session, ['in time']);
    expect(await codeOfOpening(joined, at(frames, 0), now + day)).toBe('SESSION_BROKEN');
    expect(await codeOfOpening(joined, at(frames, 0), now + day - 1)).toBe('opened');
  });

  it('never shows an error of the library', async () => {
    const { a, b } = await pairAfter(1);
    const { next, frames } = await sealAll(a, ['x']);
    const changed = at(frames, 0).map((byte, index) => (index === 60 ? byte ^ 1 : byte));
    for (const bytes of [changed, new Uint8Array(0), at((await sealAll(next, ['y'])).frames, 0).subarray(3)]) {
      const error: unknown = await b.open(bytes, now).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(MeshError);
      expect((error as MeshError).cause).toBeUndefined();
    }
  });
});

describe('proposals', () => {
  it('of their own are refused: until its commit came, this side could not seal', async () => {
    const { a, b } = await pairAfter(1);
    const keyPackage = (await libraryKeyPackage(suite, 'c')).publicPackage;
    const made = await createProposal(
      stolenState(a, alice),
      false,
      { proposalType: 'add', add: { keyPackage } },
      suite,
    );
    expect(await codeOfOpening(b, privateBytes(made.message))).toBe('SESSION_BROKEN');
    expect(await codeOfRejection(b.seal(toUtf8('still possible')))).toBe('resolved');
    // The control: whoever takes the proposal cannot seal any more.
    expect(await codeOfRejection(createApplicationMessage(made.newState, toUtf8('x'), suite))).toBe('INTERNAL');
  });
});

describe('whose turn it is', () => {
  it('is that of leaf epoch mod 2: the joiner in epoch 1, then in turn', async () => {
    let { a, b } = await newPair();
    for (let epoch = 1; epoch < 6; epoch += 1) {
      const [mine, others] = epoch % 2 === 0 ? [a, b] : [b, a];
      expect(await codeOfRejection(others.commit(now))).toBe('WRONG_STATE');
      expect(await codeOfRejection(mine.commit(now))).toBe('resolved');
      [a, b] = await commitOnce(a, b);
      expect([a.epoch, b.epoch]).toEqual([epoch + 1, epoch + 1]);
    }
  });

  it('is enforced by the receiver: a commit out of turn is SESSION_BROKEN', async () => {
    const { a, b } = await pairAfter(1);
    const outOfTurn = await createCommit({ state: stolenState(b, bob), cipherSuite: suite });
    expect(await codeOfOpening(a, privateBytes(outOfTurn.commit))).toBe('SESSION_BROKEN');
    const inTurn = await createCommit({ state: stolenState(a, alice), cipherSuite: suite });
    expect(await codeOfOpening(b, privateBytes(inTurn.commit))).toBe('opened');
  });

  it('lets frames that were sealed before the commit arrive after it', async () => {
    const { a, b } = await pairAfter(1);
    const sent = await sealAll(b, ['under way']);
    const commit = await a.commit(now);
    expect((await openText(commit.next, at(sent.frames, 0))).text).toBe('under way');
  });
});

describe('the rekey policy', () => {
  const { rekeyFrames, rekeyBytes, rekeyAfterMs } = defaultLimits;

  it('asks the joiner at once, and nobody else', async () => {
    const { a, b } = await newPair();
    expect([a.rekeyDue(now), b.rekeyDue(now)]).toEqual([false, true]);
    expect(a.rekeyDue(now + 10 * rekeyAfterMs)).toBe(false);
    const [one, two] = await commitOnce(a, b);
    expect([one.rekeyDue(now), two.rekeyDue(now)]).toEqual([false, false]);
  });

  it('counts time from the commit, as the side sees it that is next', async () => {
    const { a, b } = await newPair();
    const commit = await b.commit(now);
    const { next } = await a.open(commit.bytes, now + 5000);
    expect(next.rekeyDue(now + 5000 + rekeyAfterMs - 1)).toBe(false);
    expect(next.rekeyDue(now + 5000 + rekeyAfterMs)).toBe(true);
    expect(commit.next.rekeyDue(now + 5000 + rekeyAfterMs)).toBe(false);
  });

  it('counts frames of both directions in the epoch', async () => {
    const limits = { ...defaultLimits, rekeyFrames: 4 };
    const { a, b } = await pairAfter(1, { limits });
    const sent = await sealAll(a, ['1', '2']);
    const got = await sealAll(b, ['3', '4']);
    const three = await openText(sent.next, at(got.frames, 0));
    expect(three.next.rekeyDue(now)).toBe(false);
    const four = await openText(three.next, at(got.frames, 1));
    expect(four.next.rekeyDue(now)).toBe(true);
    const [after] = await commitOnce(four.next, (await openAll(got.next, sent.frames)).next);
    expect(after.rekeyDue(now)).toBe(false);
    expect(rekeyFrames).toBeGreaterThan(4);
  });

  it('counts bytes as they are on the wire', async () => {
    const { a } = await pairAfter(1, { limits: { ...defaultLimits, rekeyBytes: 3000 } });
    const below = await sealAll(a, ['x'.repeat(2500)]);
    expect(below.next.rekeyDue(now)).toBe(false);
    const above = await sealAll(below.next, ['x'.repeat(300)]);
    expect(above.next.rekeyDue(now)).toBe(true);
    expect(rekeyBytes).toBeGreaterThan(3000);
  });

  it('survives storing: counters and start of the epoch are part of the state', async () => {
    const limits = { ...defaultLimits, rekeyFrames: 2 };
    const { a } = await pairAfter(1, { limits });
    const engine = openEngine({ ...contextOf('loader'), limits });
    const load = (session: SecureSession) => engine.load({ self: alice, peer: bob.agentId, stored: session.encode() });
    const one = await sealAll(load(a), ['1']);
    expect(load(one.next).rekeyDue(now)).toBe(false);
    const two = await sealAll(load(one.next), ['2']);
    expect(load(two.next).rekeyDue(now)).toBe(true);
    expect(load(a).rekeyDue(now + rekeyAfterMs - 1)).toBe(false);
    expect(load(a).rekeyDue(now + rekeyAfterMs)).toBe(true);
  });
});

describe('wiping', () => {
  /** The same session on a state whose arrays the test can see. */
  function watched(session: SecureSession): { session: SecureSession; state: ClientState } {
    const state = stolenState(session, alice);
    const counters = { frames: 0, bytes: 0, epochStartedAt: now };
    const progress = { sealed: 0, opened: 0 };
    return { session: PairSession.of(contextOf('watched'), { mls: state, own: 0, counters, progress }), state };
  }

  const isZero = (bytes: Uint8Array | undefined): boolean => bytes !== undefined && bytes.every((byte) => byte === 0);

  it('overwrites the chain secret that a frame used up, and not before it is asked for', async () => {
    const { a } = await pairAfter(1);
    const { session, state } = watched(a);
    const step = await session.seal(toUtf8('x'));
    expect(isZero(state.secretTree[0]?.application.secret)).toBe(false);
    step.wipe();
    expect(isZero(state.secretTree[0]?.application.secret)).toBe(true);
    expect(isZero(state.secretTree[2]?.application.secret)).toBe(false);
    expect(isZero(state.keySchedule.senderDataSecret)).toBe(false);
  });

  it('overwrites after a commit the old leaf key, the old key schedule, own chains and forgotten epochs', async () => {
    const { a, b } = await pairAfter(5);
    const { session, state } = watched(a);
    const step = await session.commit(now);
    const [oldest] = state.historicalReceiverData.values();
    const secrets = [
      state.privatePath.privateKeys[0],
      state.keySchedule.initSecret,
      state.keySchedule.exporterSecret,
      state.secretTree[0]?.application.secret,
      state.secretTree[0]?.handshake.secret,
      oldest?.senderDataSecret,
      oldest?.secretTree[2]?.application.secret,
    ];
    expect(secrets.map(isZero)).toEqual(secrets.map(() => false));
    step.wipe();
    expect(secrets.map(isZero)).toEqual(secrets.map(() => true));
    // What the next value needs is whole: frames of the closed epoch, and the next commit.
    const late = await sealAll(b, ['late']);
    const opened = await openText(step.next, at(late.frames, 0));
    const followed = await late.next.open(step.bytes, now);
    const [one, two] = await commitOnce(opened.next, followed.next);
    expect([opened.text, one.epoch, two.epoch]).toEqual(['late', 8, 8]);
    expect(isZero(alice.device.seed)).toBe(false);
  });
});

describe('what cannot be stored in a session', () => {
  it('is the device key: a stolen state signs nothing', async () => {
    const { a } = await pairAfter(2);
    const own = await createOwnKeyPackage(contextOf('alice'), alice, now);
    expect(toHex(a.encode())).not.toContain(toHex(alice.device.seed));
    expect(toHex(own.privateBytes)).not.toContain(toHex(alice.device.seed));
    expect(decodePrivatePackage(own.privateBytes, alice).signaturePrivateKey).toBe(alice.device.seed);
  });
});

function privateBytes(message: MLSMessage): Uint8Array {
  if (message.wireformat !== 'mls_private_message') throw new TypeError('the message is public');
  return encodePrivateMessage(message.privateMessage);
}
