import { readFileSync } from 'node:fs';
import type { ClientConfig, ClientState, MLSMessage, PrivateMessage } from 'ts-mls';
import {
  acceptAll,
  bytesToBase64,
  createCommit,
  defaultAuthenticationService,
  makePskIndex,
  processMessage,
  zeroOutUint8Array,
} from 'ts-mls';
import { describe, expect, it } from 'vitest';
import { defaultLimits, toHex, toUtf8 } from '#kernel';
import {
  libraryConfig,
  libraryKeyPackage,
  libraryOpen,
  libraryPair,
  librarySeal,
} from '../../test/support/library-pair.ts';
import {
  alice,
  at,
  bob,
  commitOnce,
  codeOfOpening,
  codeOfRejection,
  contextOf,
  now,
  openAll,
  openText,
  pairAfter,
  sealAll,
  stolenState,
} from '../../test/support/session-fixtures.ts';
import { clientConfig } from './client-config.ts';
import { createPair } from './create-pair.ts';
import { openEngine } from './engine.ts';
import { joinPair } from './join-pair.ts';
import { createOwnKeyPackage } from './key-package.ts';
import * as mls from './mls.ts';
import { decodePrivateMessage } from './wire.ts';

const { suite } = contextOf('attacker');
const ours = clientConfig(defaultLimits, defaultAuthenticationService);

describe('S1: the library version that keeps removed members out', () => {
  it('is pinned exactly', () => {
    const manifest: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
    expect(manifest).toMatchObject({ dependencies: { 'ts-mls': '1.6.4' } });
  });

  it('sends new keys in the commit that removes a member, who cannot follow it', async () => {
    const { a, b } = await libraryPair(suite);
    const third = await libraryKeyPackage(suite, 'c');
    const added = await createCommit(
      { state: a, cipherSuite: suite },
      {
        extraProposals: [{ proposalType: 'add', add: { keyPackage: third.publicPackage } }],
        ratchetTreeExtension: true,
      },
    );
    const followed = await mls.processPrivateMessage(b, privateIn(added.commit), mls.emptyPskIndex, suite);
    const removed = await createCommit(
      { state: added.newState, cipherSuite: suite },
      { extraProposals: [{ proposalType: 'remove', remove: { removed: 1 } }] },
    );
    expect(publicKeyOf(removed.newState, 0)).not.toBe(publicKeyOf(added.newState, 0));
    const out = await mls.processPrivateMessage(followed.newState, privateIn(removed.commit), mls.emptyPskIndex, suite);
    expect(out.newState.groupActiveState.kind).toBe('removedFromGroup');
    const { frames } = await librarySeal(suite, removed.newState, ['secret']);
    await expect(libraryOpen(suite, out.newState, at(frames, 0))).rejects.toThrow(Error);
  });
});

describe('S2: chain secrets of skipped frames', () => {
  const skipping = (retainKeysForGenerations: number) =>
    libraryConfig({ retainKeysForGenerations, maximumForwardRatchetSteps: 10 });

  /**
   * Frame 0 is delayed, frames 1 and 2 are read and wiped, then the state is stolen. Whoever can go back reads them
   * again.
   */
  async function readAgain(config: ClientConfig): Promise<string[]> {
    const { a, b } = await libraryPair(suite, config);
    const { frames } = await librarySeal(suite, a, ['zero', 'one', 'two']);
    let state = b;
    for (const index of [1, 2]) {
      const result = await mls.processPrivateMessage(state, at(frames, index), mls.emptyPskIndex, suite);
      for (const used of result.consumed) zeroOutUint8Array(used);
      state = result.newState;
    }
    const stolen = structuredClone(state.secretTree);
    const [sender] = stolen;
    const kept = sender?.application.unusedGenerations[0];
    if (sender === undefined || kept === undefined) return [];
    sender.application = { secret: kept, generation: 0, unusedGenerations: {} };
    const evil = { ...state, secretTree: stolen };
    return [(await libraryOpen(suite, evil, at(frames, 1))).text, (await libraryOpen(suite, evil, at(frames, 2))).text];
  }

  it('lets a thief read deleted frames with the defaults of the library', async () => {
    await expect(readAgain(libraryConfig({}))).resolves.toEqual(['one', 'two']);
  });

  it('are not kept when none may be', async () => {
    await expect(readAgain(skipping(1))).resolves.toEqual(['one', 'two']);
    await expect(readAgain(skipping(0))).resolves.toEqual([]);
    expect(ours.keyRetentionConfig.retainKeysForGenerations).toBe(0);
  });

  it('do not come about with our settings: no frame is skipped', async () => {
    await expect(readAgain(ours)).rejects.toThrow('Desired generation too far in the future');
  });

  it('are nowhere in the stored session, and with them frames would be readable', async () => {
    const { a, b } = await pairAfter(2);
    const { frames } = await sealAll(a, ['zero', 'one', 'two']);
    const before = stolenState(b, bob);
    const start = toHex(chain(before));
    const session = (await openAll(b, frames)).next;
    expect(toHex(session.encode())).not.toContain(start);
    // The control: with the secret of that time, put back into the stolen state, the deleted frame opens.
    const state = stolenState(session, bob);
    expect(state.secretTree[0]?.application).toMatchObject({ generation: 3, unusedGenerations: {} });
    const [sender] = state.secretTree;
    if (sender === undefined) throw new TypeError('a pair has two leaves');
    const secret = Uint8Array.from(Buffer.from(start, 'hex'));
    const secretTree = [
      { ...sender, application: { secret, generation: 0, unusedGenerations: {} } },
      ...state.secretTree.slice(1),
    ];
    const { keyRetentionConfig } = skipping(0);
    const clientConfig = { ...state.clientConfig, keyRetentionConfig };
    const evil = { ...state, secretTree, clientConfig };
    const text = await libraryOpen(suite, evil, decodePrivateMessage(at(frames, 2)));
    expect(text.text).toMatch(/two$/);
  });
});

describe('S3: replay after a commit was merged', () => {
  it('works on the bare library, which takes the receiving state of the time when the commit was made', async () => {
    const { a, b } = await libraryPair(suite);
    const { frames } = await librarySeal(suite, b, ['pay 5']);
    const pending = await createCommit({ state: a, cipherSuite: suite });
    expect((await libraryOpen(suite, a, at(frames, 0))).text).toBe('pay 5');
    expect((await libraryOpen(suite, pending.newState, at(frames, 0))).text).toBe('pay 5');
  });

  it('has no place here: a commit is adopted at once, so there is one value that receives', async () => {
    const { a, b } = await pairAfter(1);
    const { frames } = await sealAll(b, ['pay 5', 'pay 6']);
    const commit = await a.commit(now);
    commit.wipe();
    expect(await codeOfRejection(a.open(at(frames, 0), now))).toBe('WRONG_STATE');
    const first = await openText(commit.next, at(frames, 0));
    expect(first.text).toBe('pay 5');
    expect(await codeOfOpening(first.next, at(frames, 0))).toBe('SESSION_REPLAY');
    expect((await openText(first.next, at(frames, 1))).text).toBe('pay 6');
  });

  it('does not help with frames that were opened before the commit', async () => {
    const { a, b } = await pairAfter(1);
    const { frames } = await sealAll(b, ['pay 5']);
    const { next } = await openText(a, at(frames, 0));
    const commit = await next.commit(now);
    commit.wipe();
    expect(await codeOfOpening(commit.next, at(frames, 0))).toBe('SESSION_REPLAY');
  });
});

describe('S4: overwriting used secrets', () => {
  it('would destroy the old state and the stored bytes on the bare library', async () => {
    const { a } = await libraryPair(suite);
    const stored = mls.encodeGroupState(a);
    const copy = Uint8Array.from(stored);
    const [decoded] = mls.decodeGroupState(stored, 0) ?? [];
    if (decoded === undefined) throw new TypeError('what was encoded can be decoded');
    const step = await mls.createApplicationMessage({ ...decoded, clientConfig: ours }, toUtf8('x'), suite);
    for (const used of step.consumed) zeroOutUint8Array(used);
    expect(toHex(stored)).not.toBe(toHex(copy));
    expect(decoded.secretTree[0]?.application.secret.every((byte) => byte === 0)).toBe(true);
  });

  it('never touches the stored bytes that a session was loaded from', async () => {
    const { a, b } = await pairAfter(1);
    const engine = openEngine(contextOf('loader'));
    const stored = a.encode();
    const copy = Uint8Array.from(stored);
    let session = engine.load({ self: alice, peer: bob.agentId, stored });
    const sealed = await session.seal(toUtf8('x'));
    sealed.wipe();
    const opened = await openText(sealed.next, at((await sealAll(b, ['y'])).frames, 0));
    const commit = await opened.next.commit(now);
    commit.wipe();
    session = commit.next;
    expect(toHex(stored)).toBe(toHex(copy));
    expect(engine.load({ self: alice, peer: bob.agentId, stored }).epoch).toBe(2);
    expect(session.epoch).toBe(3);
  });

  it('leaves what the next value needs, also when both are parts of one loaded buffer', async () => {
    let { a, b } = await pairAfter(3);
    const engine = openEngine(contextOf('loader'));
    for (let i = 0; i < 4; i += 1) {
      a = engine.load({ self: alice, peer: bob.agentId, stored: a.encode() });
      b = engine.load({ self: bob, peer: alice.agentId, stored: b.encode() });
      const [committer, other] = a.epoch % 2 === 0 ? [a, b] : [b, a];
      const made = await committer.commit(now);
      made.wipe();
      const opened = await other.open(made.bytes, now);
      opened.wipe();
      [a, b] = committer === a ? [made.next, opened.next] : [opened.next, made.next];
    }
    const { frames } = await sealAll(b, ['still there']);
    expect((await openText(a, at(frames, 0))).text).toBe('still there');
  });

  it('happens only in wipe: before it the old value can take another step, as after a failed transaction', async () => {
    const { a, b } = await pairAfter(1);
    await a.seal(toUtf8('lost with its transaction'));
    const again = await a.seal(toUtf8('stored'));
    again.wipe();
    expect((await openText(b, again.bytes)).text).toBe('stored');
  });

  it('ends the old value: sealing on with overwritten secrets would seal with a key that everybody knows', async () => {
    const { a } = await pairAfter(1);
    const step = await a.seal(toUtf8('x'));
    step.wipe();
    expect(await codeOfRejection(a.seal(toUtf8('y')))).toBe('WRONG_STATE');
    expect(await codeOfRejection(a.open(step.bytes, now))).toBe('WRONG_STATE');
    expect(await codeOfRejection(a.commit(now))).toBe('WRONG_STATE');
    expect(() => a.encode()).toThrow('wiped');
    expect(step.next.encode().length).toBeGreaterThan(0);
  });

  it('covers what the library does not name: the old leaf key and the old key schedule', async () => {
    const { a, b } = await pairAfter(1);
    const old = stolenState(a, alice);
    const commit = await a.commit(now);
    commit.wipe();
    const stored = toHex(commit.next.encode());
    const { initSecret, exporterSecret } = old.keySchedule;
    const leafKey = old.privatePath.privateKeys[0];
    for (const secret of [initSecret, exporterSecret, leafKey, chain(old)]) {
      expect(secret?.length).toBeGreaterThan(0);
      expect(stored).not.toContain(toHex(secret ?? new Uint8Array(0)));
    }
    expect((await b.open(commit.bytes, now)).kind).toBe('commit');
  });
});

describe('S5: what the library keeps or lets pass', () => {
  it('forgets epochs beyond the limit, and what was sealed in them', async () => {
    const { a, b } = await pairAfter(1);
    const { next, frames } = await sealAll(b, ['late']);
    let [one, two] = [a, next];
    for (let i = 0; i < defaultLimits.retainedEpochs + 1; i += 1) {
      expect(await codeOfOpening(one, at(frames, 0))).toBe('opened');
      [one, two] = await commitOnce(one, two);
      if (i === defaultLimits.retainedEpochs - 1) {
        const kept = stolenState(one, alice).historicalReceiverData;
        expect([...kept.keys()].map(Number)).toEqual([2, 3, 4]);
      }
    }
    expect(await codeOfOpening(one, at(frames, 0))).toBe('SESSION_REPLAY');
  });

  it('keeps no sending chain of a retained epoch', async () => {
    const { a, b } = await pairAfter(3);
    for (const [session, self, own] of [
      [a, alice, 0],
      [b, bob, 1],
    ] as const) {
      const history = [...stolenState(session, self).historicalReceiverData.values()];
      expect(history.length).toBeGreaterThan(0);
      for (const { secretTree } of history) {
        expect(secretTree[own * 2]?.application.secret).toHaveLength(0);
        expect(secretTree[own * 2]?.handshake.secret).toHaveLength(0);
        expect(secretTree[2 - own * 2]?.application.secret).toHaveLength(64);
      }
    }
  });

  it('does not take 0 retained epochs, which the library reads as all', async () => {
    const { createSessionEngine } = await import('./create-session-engine.ts');
    const { random } = contextOf('engine');
    const none = createSessionEngine({ random, limits: { ...defaultLimits, retainedEpochs: 0 } });
    expect(await codeOfRejection(none)).toBe('INVALID_ARGUMENT');
    expect(await codeOfRejection(createSessionEngine({ random, limits: defaultLimits }))).toBe('resolved');
  });
});

describe('the PSK index that processMessage drops', () => {
  it('is lost there and used by processPrivateMessage, the only one of the two that this room has', async () => {
    const { a, b } = await libraryPair(suite);
    const id = toUtf8('psk');
    const secret = new Uint8Array(64).fill(3);
    const index = (state: ClientState) => makePskIndex(state, { [bytesToBase64(id)]: secret });
    const preSharedKeyId = { psktype: 'external', pskId: id, pskNonce: new Uint8Array(64).fill(1) } as const;
    const { commit } = await createCommit(
      { state: a, cipherSuite: suite, pskIndex: index(a) },
      { extraProposals: [{ proposalType: 'psk', psk: { preSharedKeyId } }] },
    );
    const message = { wireformat: 'mls_private_message', privateMessage: privateIn(commit) } as const;
    await expect(processMessage(message, b, index(b), acceptAll, suite)).rejects.toThrow(Error);
    const followed = await mls.processPrivateMessage(b, privateIn(commit), index(b), suite);
    expect(followed.newState.groupContext.epoch).toBe(2n);
    expect(Object.keys(mls)).not.toContain('processMessage');
    expect(Object.keys(mls)).toContain('processPrivateMessage');
  });
});

describe('the same welcome', () => {
  it('can be joined again as long as the init key is there', async () => {
    const context = contextOf('bob');
    const own = await createOwnKeyPackage(context, bob, now);
    const { welcome } = await createPair(contextOf('alice'), {
      self: alice,
      peer: bob.agentId,
      keyPackage: own.publicBytes,
      now,
    });
    const input = { self: bob, peer: alice.agentId, welcome, keyPackage: own, now };
    const joined = [await joinPair(context, input), await joinPair(context, input)];
    expect(joined.map(({ epoch }) => epoch)).toEqual([1, 1]);
  });

  it('cannot be joined twice when the key package is deleted in the joining transaction', async () => {
    const engine = openEngine(contextOf('bob'));
    const own = await engine.createKeyPackage(bob, now);
    const store = new Map([[own.ref, own]]);
    const { welcome } = await createPair(contextOf('alice'), {
      self: alice,
      peer: bob.agentId,
      keyPackage: own.publicBytes,
      now,
    });
    const joinFromStore = async (): Promise<string> => {
      const keyPackage = engine
        .welcomeRefs(welcome)
        .map((ref) => store.get(ref))
        .find((found) => found !== undefined);
      if (keyPackage === undefined) return 'KEY_PACKAGE_STALE';
      const session = await engine.join({ self: bob, peer: alice.agentId, welcome, keyPackage, now });
      store.delete(keyPackage.ref);
      return `epoch ${session.epoch}`;
    };
    expect([await joinFromStore(), await joinFromStore()]).toEqual(['epoch 1', 'KEY_PACKAGE_STALE']);
  });

  it('opens nothing for a thief of the init key once the joiner has changed its keys', async () => {
    const context = contextOf('bob');
    const own = await createOwnKeyPackage(context, bob, now);
    const { session, welcome } = await createPair(contextOf('alice'), {
      self: alice,
      peer: bob.agentId,
      keyPackage: own.publicBytes,
      now,
    });
    const input = { self: bob, peer: alice.agentId, welcome, keyPackage: own, now };
    const [joined, thief] = [await joinPair(context, input), await joinPair(context, input)];
    const before = await sealAll(session, ['before']);
    expect(await codeOfOpening(thief, at(before.frames, 0))).toBe('opened');
    const opened = await openText(joined, at(before.frames, 0));
    const commit = await opened.next.commit(now);
    const { next } = await before.next.open(commit.bytes, now);
    const { frames } = await sealAll(next, ['after']);
    expect(await codeOfOpening(thief, commit.bytes)).toBe('SESSION_BROKEN');
    const stolen = await openText(thief, at(before.frames, 0));
    expect(await codeOfOpening(stolen.next, at(frames, 0))).toBe('SESSION_BROKEN');
    expect((await openText(commit.next, at(frames, 0))).text).toBe('after');
  });
});

function privateIn(message: MLSMessage): PrivateMessage {
  if (message.wireformat !== 'mls_private_message') throw new TypeError('the message is public');
  return message.privateMessage;
}

function publicKeyOf(state: ClientState, leaf: number): string {
  const node = state.ratchetTree[leaf * 2];
  if (node?.nodeType !== 'leaf') throw new TypeError(`no leaf ${leaf}`);
  return toHex(node.leaf.hpkePublicKey);
}

function chain(state: ClientState): Uint8Array {
  const secret = state.secretTree[0]?.application.secret;
  if (secret === undefined) throw new TypeError('a pair has two leaves');
  return secret;
}
