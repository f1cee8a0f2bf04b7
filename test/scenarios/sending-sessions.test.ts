import { afterEach, describe, expect, test } from 'vitest';
import type { LinkOperation } from '#protocol';
import { writing } from '../support/faulty-store.ts';
import { ManualClock } from '../support/manual-clock.ts';
import type { MemoryNode } from '../support/memory-node.ts';
import {
  allReach,
  forgetSessions,
  leave,
  MemoryStory,
  numbered,
  quiet,
  sendAll,
  turns,
} from '../support/memory-story.ts';
import { inboxTexts, reaches, send, until } from '../support/story.ts';
import { pair, signal } from '../support/test-agents.ts';
import type { Fate, Passing } from '../support/wire.ts';

let story = new MemoryStory();

afterEach(async () => {
  await story[Symbol.asyncDispose]();
  story = new MemoryStory();
});

const now = (): number => Date.now();

/** Key packages of the peer that the node could start a session with while the peer is away. */
const keptBy = (node: MemoryNode, peer: MemoryNode): number =>
  node.store.read.sessions.peerKeyPackages({ agent: node.name, peer: peer.agentId, now: now() }).length;

const currentOf = (node: MemoryNode, peer: MemoryNode): string | undefined =>
  node.store.read.sessions.sessions(node.name, peer.agentId).find(({ role }) => role === 'current')?.groupId;

const replacements = (node: MemoryNode): number =>
  node.store.read.audit.entries({ kind: 'session.replaced', limit: 1000 }).length;

const asked = (name: string): number =>
  story.wire.passed.filter(({ from, operation }) => from === name && operation.op === 'keypackage.take').length;

describe('key packages', () => {
  test('are there for the next session after each one that was made, on both sides and without asking', async () => {
    const [alice, bob] = await story.friends();
    for (const text of numbered('m', 6)) {
      await forgetSessions(text === 'm1' || text === 'm3' ? alice : bob, text === 'm1' || text === 'm3' ? bob : alice);
      const id = await send(alice, 'bob', text);
      await allReach([alice, bob], { from: alice, ids: [id] });
      await quiet(alice, bob);
      expect(keptBy(alice, bob)).toBeGreaterThan(0);
      expect(keptBy(bob, alice)).toBeGreaterThan(0);
    }
    expect(replacements(alice) + replacements(bob)).toBeGreaterThanOrEqual(4);
    expect(asked('alice') + asked('bob')).toBe(0);
    expect(await inboxTexts(bob)).toEqual(['hello', ...numbered('m', 6)]);
  });

  test('reach a peer that has nothing to answer when it joins', async () => {
    const alice = await story.start('alice');
    const bob = await story.start('bob');
    await pair(alice, bob);
    // The welcome arrives and is joined before the message is on the wire.
    const held = Promise.withResolvers<void>();
    let frames = 0;
    story.wire.fate = ({ from, frame }) => {
      if (from === 'alice' && frame !== undefined && (frames += 1) === 1) {
        story.wire.pause('alice');
        held.resolve();
      }
      return 'pass';
    };
    const sending = send(alice, 'bob', 'first');
    await held.promise;
    await until(() => currentOf(bob, alice) !== undefined);
    await turns();
    await until(() => keptBy(alice, bob) > 0);
    story.wire.resume('alice');
    await allReach([alice, bob], { from: alice, ids: [await sending] });
    await quiet(alice, bob);
    expect(keptBy(alice, bob)).toBeGreaterThan(0);
    expect(asked('alice') + asked('bob')).toBe(0);
  });
});

describe('a session that the peer refuses again and again', () => {
  const atOnce = { receiptDelayMs: 0, deferredWriteMs: 0 };

  /** Bob takes welcomes and says of everything else of Alice's that he cannot read it. */
  const unreadable =
    (kinds: ReadonlyMap<string, string>) =>
    ({ from, operation }: Passing): Fate => {
      if (from !== 'bob' || operation.op !== 'delivered') return 'pass';
      const kind = kinds.get(operation.frameId);
      const refusal: LinkOperation = { op: 'refused', frameId: operation.frameId, code: 'SESSION_BROKEN' };
      return kind === 'app' || kind === 'receipt' ? refusal : 'pass';
    };

  test.each([
    ['taken', false],
    ['refused', true],
  ] as const)('ends with the breaker and not in a loop, its welcome %s', async (_what, welcomes) => {
    const clock = new ManualClock();
    const slow = {
      ...atOnce,
      quickRetryMs: [2000, 4000, 8000],
      breakerCooldownMs: 60_000,
      breakerMaxCooldownMs: 600_000,
    };
    const [alice, bob] = await story.friends({ alice: { clock, limits: slow }, bob: { clock, limits: slow } });
    const kinds = new Map<string, string>();
    const say = unreadable(kinds);
    story.wire.fate = (passing) => {
      const { from, frame } = passing;
      if (from === 'alice' && frame !== undefined)
        kinds.set(frame.id, frame.kind === 'welcome' && welcomes ? 'app' : frame.kind);
      return say(passing);
    };
    // Only Alice calls, so that only her pace counts.
    story.wire.hidden.add('alice');
    await send(alice, 'bob', 'again');
    const { courier } = alice.host.lane(bob.agentId);
    const waits: number[] = [];
    const nextAttempt = async (): Promise<void> => {
      await until(() => courier.status().retryAt !== undefined);
      const waitMs = (courier.status().retryAt ?? 0) - clock.now();
      waits.push(waitMs);
      await clock.advance(waitMs);
    };
    for (let n = 0; n < 7; n += 1) await nextAttempt();
    await until(() => courier.status().breaker !== 'closed');
    expect(waits.some((waitMs) => waitMs >= 60_000)).toBe(true);
    expect(replacements(alice)).toBeLessThan(20);
  });
});

describe('a session that is lost', () => {
  test.each(['alice', 'bob', 'both'] as const)(
    'by %s costs no message and no order, whatever was under way in it',
    async (who) => {
      const [alice, bob] = await story.friends();
      const there: string[] = [];
      const back: string[] = [];
      for (const text of numbered('m', 12)) {
        if (text === 'm4') story.wire.pause('bob');
        there.push(...(await sendAll(alice, 'bob', [text])));
        back.push(...(await sendAll(bob, 'alice', [text])));
        if (text !== 'm8') continue;
        if (who !== 'bob') await forgetSessions(alice, bob);
        if (who !== 'alice') await forgetSessions(bob, alice);
        story.wire.cut('alice');
        story.wire.resume('bob');
      }
      await allReach([alice, bob], { from: alice, ids: there });
      await allReach([alice, bob], { from: bob, ids: back });
      await quiet(alice, bob);
      for (const node of [alice, bob]) expect(await inboxTexts(node)).toEqual(['hello', ...numbered('m', 12)]);
    },
  );
});

describe('what the peer said about a frame', () => {
  test('is asked for again when it could not be stored: a session that it does not know', async () => {
    const [alice, bob] = await story.friends();
    await forgetSessions(bob, alice);
    const refused = alice.store.refuse(writing('outbox.unseal'), { times: 2 });
    const id = await send(alice, 'bob', 'once more');
    await refused;
    await allReach([alice, bob], { from: alice, ids: [id] });
    expect(await inboxTexts(bob)).toEqual(['hello', 'once more']);
  });

  test('is asked for again when it could not be stored: a message that it does not take', async () => {
    const [alice, bob] = await story.friends();
    story.wire.fate = ({ from, operation, frame }) => {
      if (from !== 'bob') return 'pass';
      if (frame !== undefined) return 'drop';
      return operation.op === 'delivered' ? { op: 'refused', frameId: operation.frameId, code: 'MALFORMED' } : 'pass';
    };
    const failed = alice.store.refuse(writing('outbox.refuseFrame'), { times: 2 });
    const id = await send(alice, 'bob', 'not for you');
    await failed;
    await reaches([alice, bob], { from: alice, id, state: 'refused' });
    expect((await alice.api.track({ id }, { signal })).reason).toBe('MALFORMED');
  });
});

describe('first sessions', () => {
  test('that both sides make at the same moment come to one, in which both go on', async () => {
    const alice = await story.start('alice');
    const bob = await story.start('bob');
    await pair(alice, bob);
    await until(() => [alice, bob].every(({ host }) => host.lanes.every(({ courier }) => courier.hasRoom)));
    story.wire.pause('alice');
    story.wire.pause('bob');
    const [mine, yours] = await Promise.all([
      sendAll(alice, 'bob', numbered('a', 5)),
      sendAll(bob, 'alice', numbered('b', 5)),
    ]);
    await turns();
    const own = [currentOf(alice, bob), currentOf(bob, alice)];
    story.wire.resume('alice');
    story.wire.resume('bob');
    await allReach([alice, bob], { from: alice, ids: mine });
    await allReach([alice, bob], { from: bob, ids: yours });
    await quiet(alice, bob);
    const [first, second] = own;
    expect(first).not.toBe(second);
    const kept = [first ?? '', second ?? ''].toSorted()[0];
    expect([currentOf(alice, bob), currentOf(bob, alice)]).toEqual([kept, kept]);
    expect(await inboxTexts(bob)).toEqual(numbered('a', 5));
    expect(await inboxTexts(alice)).toEqual(numbered('b', 5));
    const more = await sendAll(alice, 'bob', ['more']);
    await allReach([alice, bob], { from: alice, ids: more });
    expect(replacements(alice) + replacements(bob)).toBe(0);
  });

  test('survive commits that fail on both sides', async () => {
    const alice = await story.start('alice');
    const bob = await story.start('bob');
    await pair(alice, bob);
    const making = alice.store.refuse(writing('sessions.putSession'));
    await send(alice, 'bob', 'refused').catch(() => undefined);
    await making;
    const joining = bob.store.refuse(writing('sessions.putSession'), { times: 2 });
    const ids = await sendAll(alice, 'bob', numbered('m', 3));
    await joining;
    await allReach([alice, bob], { from: alice, ids });
    expect((await inboxTexts(bob)).filter((text) => text !== 'refused')).toEqual(numbered('m', 3));
    expect(replacements(alice) + replacements(bob)).toBe(0);
  });

  test('are made with what the peer left, while it is away, and survive crashes of both', async () => {
    const alice = await story.start('alice');
    const bob = await story.start('bob');
    await pair(alice, bob);
    await leave(bob, alice);
    const ids = await sendAll(alice, 'bob', numbered('m', 3));
    alice.crash();
    await alice.up();
    await bob.up();
    const joined = bob.store.crashAfter(writing('sessions.putSession'));
    await joined;
    await bob.up();
    await allReach([alice, bob], { from: alice, ids });
    expect(await inboxTexts(bob)).toEqual(numbered('m', 3));
    expect(replacements(alice) + replacements(bob)).toBe(0);
  });
});
