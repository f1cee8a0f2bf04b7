import { afterEach, describe, expect, test } from 'vitest';
import type { Limits } from '#kernel';
import { ManualClock } from '../support/manual-clock.ts';
import type { MemoryNode } from '../support/memory-node.ts';
import { allReach, MemoryStory, numbered, quiet, sendAll, turns } from '../support/memory-story.ts';
import { inboxTexts, send, until } from '../support/story.ts';
import { handledBy, pair, signal } from '../support/test-agents.ts';

let story = new MemoryStory();

afterEach(async () => {
  await story[Symbol.asyncDispose]();
  story = new MemoryStory();
});

const atOnce = { receiptDelayMs: 0, deferredWriteMs: 0 };

/** One message a frame, one frame at a time: what is under way when a pause is asked for is nothing. */
const oneByOne = { leaseBatch: 1, inFlightFrames: 1 };

async function friends(clock: ManualClock, bob: Partial<Limits>, alice: Partial<Limits> = oneByOne) {
  return story.friends({
    alice: { clock, limits: { ...atOnce, ...alice } },
    bob: { clock, limits: { ...atOnce, ...bob } },
  });
}

const readAll = async (node: MemoryNode): Promise<void> => {
  const { messages } = await node.api.inbox({ unread: true, limit: 1000 }, { signal });
  for (const { id } of messages) await node.api.read({ id }, { signal });
};

/** Time passes only while nobody is at work: what a disk takes is not counted. */
async function pass(clock: ManualClock, ms: number, nodes: readonly MemoryNode[]): Promise<void> {
  for (let left = ms; left > 0; left -= 500) {
    await clock.advance(Math.min(left, 500));
    await turns(20);
    await until(() => nodes.every(({ store }) => !store.isBusy));
    await turns(20);
    await until(() => nodes.every(({ store }) => !store.isBusy));
  }
}

const heldAt = (node: MemoryNode, peer: MemoryNode) => node.host.lane(peer.agentId).courier.status().held;

describe('an inbox that nobody reads', () => {
  test('takes as many messages of a peer as it may; the others stay with the sender, who is told why', async () => {
    const clock = new ManualClock();
    const [alice, bob] = await friends(clock, { maxInboxMessagesPerPeer: 5 });
    await readAll(bob);
    const texts = numbered('m', 20);
    const ids = await sendAll(alice, 'bob', texts);
    await until(() => heldAt(alice, bob) !== undefined);
    await turns();
    expect(await inboxTexts(bob)).toEqual(['hello', ...texts.slice(0, 5)]);
    expect(heldAt(alice, bob)).toMatchObject({ code: 'INBOX_FULL' });
    const last = ids.at(-1) ?? '';
    expect(await alice.api.track({ id: last }, { signal })).toMatchObject({
      state: 'queued',
      waits: { code: 'INBOX_FULL', until: heldAt(alice, bob)?.until },
    });
    const { warnings } = await alice.api.status({}, { signal });
    expect(warnings).toContainEqual(expect.objectContaining({ code: 'INBOX_FULL' }));
  });

  test('does not keep its owner from writing, nor the receipts for that from coming', async () => {
    const clock = new ManualClock();
    const [alice, bob] = await friends(clock, { maxInboxMessagesPerPeer: 5 });
    await sendAll(alice, 'bob', numbered('m', 20));
    await until(() => heldAt(alice, bob) !== undefined);
    const ids = await sendAll(bob, 'alice', numbered('b', 10));
    await allReach([alice, bob], { from: bob, ids });
    expect(heldAt(alice, bob)).toMatchObject({ code: 'INBOX_FULL' });
  });

  test('takes the rest in order, each once, as it is read', async () => {
    const clock = new ManualClock();
    const [alice, bob] = await friends(clock, { maxInboxMessagesPerPeer: 5 });
    await readAll(bob);
    const texts = numbered('m', 23);
    const ids = await sendAll(alice, 'bob', texts);
    for (let round = 0; round < 8; round += 1) {
      await readAll(bob);
      await pass(clock, 5000, [alice, bob]);
    }
    await allReach([alice, bob], { from: alice, ids });
    expect(await inboxTexts(bob)).toEqual(['hello', ...texts]);
    await quiet(alice, bob);
    expect(heldAt(alice, bob)).toBeUndefined();
  });

  test('is asked again after a pause that grows from one second to a minute', async () => {
    const clock = new ManualClock();
    const [alice, bob] = await friends(clock, { maxInboxMessagesPerPeer: 2 });
    await sendAll(alice, 'bob', ['the last one', 'no room']);
    const pauses: number[] = [];
    for (let n = 0; n < 9; n += 1) {
      await until(() => (heldAt(alice, bob)?.until ?? 0) > clock.now());
      const pauseMs = (heldAt(alice, bob)?.until ?? 0) - clock.now();
      pauses.push(pauseMs);
      await until(() => alice.host.lane(bob.agentId).courier.inFlight === 0);
      await pass(clock, pauseMs - 1, [alice, bob]);
      story.wire.clear();
      await clock.advance(1);
      await until(() => story.wire.framesOf('alice').length > 0);
      // What asks is no message: the inbox grows by nothing.
      expect(story.wire.framesOf('alice').map(({ frame }) => frame?.kind)).toEqual(['receipt']);
    }
    expect(await inboxTexts(bob)).toEqual(['hello', 'the last one']);
    for (const [n, plainMs] of [1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000, 60_000].entries()) {
      expect(pauses[n]).toBeGreaterThanOrEqual(plainMs * 0.8);
      expect(pauses[n]).toBeLessThanOrEqual(plainMs * 1.2);
    }
  });

  test('counts bytes too, and what all peers sent together', async () => {
    const clock = new ManualClock();
    const [alice, bob] = await friends(clock, { maxInboxBytes: 3000 });
    const carol = await story.start('carol', { clock, limits: atOnce });
    await pair(bob, carol);
    await readAll(bob);
    const big = 'x'.repeat(2000);
    const ids = [await send(alice, 'bob', big), await send(alice, 'bob', big)];
    await until(() => bob.store.read.inbox.unreadInAll().bytes > 3000);
    // She does not know yet; from then on she does.
    const first = await send(carol, 'bob', 'small');
    await until(() => heldAt(carol, bob) !== undefined);
    expect(heldAt(carol, bob)).toMatchObject({ code: 'INBOX_FULL' });
    const second = await send(carol, 'bob', 'later');
    await turns();
    expect((await inboxTexts(bob)).includes('later')).toBe(false);
    await readAll(bob);
    await clock.advance(2000);
    await allReach([carol, bob], { from: carol, ids: [first, second] });
    await allReach([alice, bob], { from: alice, ids });
  });

  test('that was full when its node went down is asked again by the same rules when it is back', async () => {
    const clock = new ManualClock();
    const [alice, bob] = await friends(clock, { maxInboxMessagesPerPeer: 2 });
    await readAll(bob);
    const texts = numbered('m', 6);
    const ids = await sendAll(alice, 'bob', texts);
    await until(() => heldAt(alice, bob) !== undefined);
    bob.crash();
    await bob.up();
    await readAll(bob);
    for (let round = 0; round < 6; round += 1) {
      await pass(clock, 5000, [alice, bob]);
      await readAll(bob);
    }
    await allReach([alice, bob], { from: alice, ids });
    expect(await inboxTexts(bob)).toEqual(['hello', ...texts]);
  });

  test('refuses what comes in spite of it, and takes it later in order, each once', async () => {
    const clock = new ManualClock();
    // Alice has more under way than Bob expects of anybody.
    const [alice, bob] = await friends(clock, { maxInboxMessagesPerPeer: 3, ...oneByOne }, { leaseBatch: 1 });
    await readAll(bob);
    const texts = numbered('m', 40);
    story.wire.pause('alice');
    const sending = sendAll(alice, 'bob', texts);
    await until(() => alice.host.lane(bob.agentId).courier.inFlight === texts.length);
    story.wire.resume('alice');
    const ids = await sending;
    const refusals = () => story.wire.answersOf('bob').filter((one) => one.op === 'refused');
    await until(() => refusals().length === texts.length - 4);
    expect(new Set(refusals().map(({ code }) => code))).toEqual(new Set(['INBOX_FULL']));
    expect((await inboxTexts(bob)).length - 1).toBe(4);
    for (let round = 0; round < 20; round += 1) {
      await readAll(bob);
      await pass(clock, 5000, [alice, bob]);
    }
    await allReach([alice, bob], { from: alice, ids });
    expect(await inboxTexts(bob)).toEqual(['hello', ...texts]);
    const links = story.wire.passed.filter(({ operation }) => operation.op === 'hello');
    expect(links).toEqual([]);
  });

  test('of a program that is slow holds its senders back, and nothing is lost or turned round', async () => {
    const clock = new ManualClock();
    const handled: string[] = [];
    const gate = { open: Promise.withResolvers<void>() };
    const [alice, bob] = await story.friends({
      alice: { clock, limits: { ...atOnce, ...oneByOne } },
      bob: {
        clock,
        limits: { ...atOnce, maxInboxMessagesPerPeer: 3 },
        runtime: handledBy(async ({ message }) => {
          await gate.open.promise;
          handled.push(message.payload.body);
        }),
      },
    });
    const texts = numbered('m', 12);
    gate.open.resolve();
    gate.open = Promise.withResolvers();
    const ids = await sendAll(alice, 'bob', texts);
    await until(() => heldAt(alice, bob) !== undefined);
    gate.open.resolve();
    await pass(clock, 60_000, [alice, bob]);
    await allReach([alice, bob], { from: alice, ids });
    await until(() => handled.length === texts.length + 1);
    expect(handled).toEqual(['hello', ...texts]);
  });
});

describe('a peer that sends too much in too short a time', () => {
  const bounded = { boundedMessagesPerMinute: 60, boundedMessageBurst: 10 };
  /** Alice is only a bounded contact of Bob. */
  const demote = (bob: MemoryNode, tier: 'bounded' | 'notify') =>
    bob.api.setTier({ contact: 'alice', tier }, { signal });

  test('is held to the rate of its tier, in order, and nothing is lost', async () => {
    const clock = new ManualClock();
    const [alice, bob] = await friends(clock, bounded);
    await demote(bob, 'bounded');
    const texts = numbered('m', 30);
    const startedAt = clock.monotonic();
    const ids = await sendAll(alice, 'bob', texts);
    await until(() => heldAt(alice, bob) !== undefined);
    expect(heldAt(alice, bob)).toMatchObject({ code: 'RATE_LIMITED' });
    expect((await inboxTexts(bob)).length).toBe(1 + 10);
    expect((await alice.api.track({ id: ids.at(-1) ?? '' }, { signal })).waits).toMatchObject({ code: 'RATE_LIMITED' });
    const arrivals: number[] = [];
    while ((await inboxTexts(bob)).length < 1 + texts.length) {
      await pass(clock, 500, [alice, bob]);
      arrivals.push((await inboxTexts(bob)).length - 1);
    }
    // One a second, after the burst: never more than the rate allows.
    for (const [n, count] of arrivals.entries()) expect(count).toBeLessThanOrEqual(10 + (n + 1) / 2 + 1);
    expect(clock.monotonic() - startedAt).toBeLessThan(40_000);
    await allReach([alice, bob], { from: alice, ids });
    expect(await inboxTexts(bob)).toEqual(['hello', ...texts]);
  });

  test('may send as much as it likes when it is trusted', async () => {
    const clock = new ManualClock();
    const [alice, bob] = await friends(clock, bounded);
    const ids = await sendAll(alice, 'bob', numbered('m', 30));
    await allReach([alice, bob], { from: alice, ids });
    expect(heldAt(alice, bob)).toBeUndefined();
  });

  test('has less when it may only leave messages', async () => {
    const clock = new ManualClock();
    const [alice, bob] = await friends(clock, { ...bounded, notifyMessagesPerMinute: 6, notifyMessageBurst: 2 });
    await demote(bob, 'notify');
    await sendAll(alice, 'bob', numbered('m', 5));
    await until(() => heldAt(alice, bob) !== undefined);
    expect((await inboxTexts(bob)).length).toBe(1 + 2);
    expect((heldAt(alice, bob)?.until ?? 0) - clock.now()).toBeLessThanOrEqual(10_000);
    await clock.advance(10_000);
    await until(() => bob.store.read.inbox.list({ agent: 'bob', limit: 9 }).length === 4);
    // The owner thinks better of it: the new rate counts from then on.
    await bob.api.setTier({ contact: 'alice', tier: 'trusted' }, { signal });
    await clock.advance(10_000);
    await until(() => bob.store.read.inbox.list({ agent: 'bob', limit: 9 }).length === 6);
  });

  test('does not hold back what others send', async () => {
    const clock = new ManualClock();
    const [alice, bob] = await friends(clock, bounded);
    const carol = await story.start('carol', { clock, limits: atOnce });
    await pair(bob, carol);
    await demote(bob, 'bounded');
    await sendAll(alice, 'bob', numbered('a', 30));
    await until(() => heldAt(alice, bob) !== undefined);
    const ids = await sendAll(carol, 'bob', numbered('c', 30));
    await allReach([carol, bob], { from: carol, ids });
    expect(heldAt(alice, bob)).toBeDefined();
  });

  test('of whom one frame is under way at a time after a pause can still overtake itself and cancel', async () => {
    const clock = new ManualClock();
    const [alice, bob] = await friends(clock, bounded);
    await demote(bob, 'bounded');
    await sendAll(alice, 'bob', numbered('m', 20));
    await until(() => heldAt(alice, bob) !== undefined);
    const late = await send(alice, 'bob', 'never mind');
    const { id: urgent } = await alice.api.send({ to: 'bob', text: 'fire', priority: 'high' }, { signal });
    expect(await alice.api.cancel({ id: late }, { signal })).toMatchObject({ state: 'cancelled' });
    await pass(clock, 3000, [alice, bob]);
    await allReach([alice, bob], { from: alice, ids: [urgent] });
    const texts = await inboxTexts(bob);
    expect(texts.indexOf('fire')).toBeLessThan(texts.length - 1);
  });
});
