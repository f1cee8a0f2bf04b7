import { afterEach, describe, expect, test } from 'vitest';
import { ManualClock } from '../support/manual-clock.ts';
import type { MemoryNode } from '../support/memory-node.ts';
import { allReach, leave, MemoryStory, numbered, sendAll, turns } from '../support/memory-story.ts';
import { inboxTexts, until } from '../support/story.ts';
import { pair, signal } from '../support/test-agents.ts';

let story = new MemoryStory();

afterEach(async () => {
  await story[Symbol.asyncDispose]();
  story = new MemoryStory();
});

const atOnce = { receiptDelayMs: 0, deferredWriteMs: 0 };

/** Alice and three peers: one that is gone, one that takes bytes and never answers, and one that is well. */
async function company(clock: ManualClock) {
  const alice = await story.start('alice', { clock, limits: atOnce });
  const peers: MemoryNode[] = [];
  for (const name of ['dead', 'slow', 'good']) {
    const peer = await story.start(name, { clock, limits: atOnce });
    await pair(alice, peer);
    peers.push(peer);
  }
  const [dead, slow, good] = peers;
  if (dead === undefined || slow === undefined || good === undefined) throw new Error('three peers');
  for (const peer of [dead, slow, good]) {
    const ids = await sendAll(alice, peer.name, ['hello']);
    await allReach([alice, peer], { from: alice, ids });
  }
  await leave(dead, alice);
  story.wire.pause('slow');
  return { alice, slow, good, deadId: alice.store.read.contacts.byPetname('alice', 'dead')?.agentId ?? alice.agentId };
}

describe('a peer that is gone and one that is slow', () => {
  test('delay nobody else: what is sent to a third arrives in order while time stands still', async () => {
    const clock = new ManualClock();
    const { alice, slow, good, deadId } = await company(clock);
    const startedAt = clock.monotonic();
    const waiting = await sendAll(alice, 'dead', numbered('d', 300));
    const stuck = await sendAll(alice, 'slow', numbered('s', 300));
    for (let round = 0; round < 5; round += 1) {
      const texts = numbered(`g${round}.`, 20);
      const ids = await sendAll(alice, 'good', texts);
      await allReach([alice, good], { from: alice, ids });
      expect((await inboxTexts(good)).slice(-20)).toEqual(texts);
    }
    // Not one millisecond had to pass for any of them, however the others fared.
    expect(clock.monotonic()).toBe(startedAt);
    expect(await inboxTexts(good)).toHaveLength(1 + 100);
    expect(alice.store.read.outbox.waitingCount('alice', deadId)).toBe(waiting.length);
    expect(alice.host.lane(slow.agentId).courier.inFlight).toBeGreaterThan(0);
    const { messages } = await alice.api.outbox({ peer: 'slow', limit: 1000 }, { signal });
    expect(messages.filter(({ state }) => state === 'queued' || state === 'sent')).toHaveLength(stuck.length);
  });

  test('delay nobody else while their links fail and are tried again for two minutes', async () => {
    const clock = new ManualClock();
    const { alice, good } = await company(clock);
    await sendAll(alice, 'dead', numbered('d', 50));
    await sendAll(alice, 'slow', numbered('s', 50));
    const rounds = [...Array(12).keys()];
    for (const round of rounds) {
      const before = clock.monotonic();
      const ids = await sendAll(alice, 'good', [`round ${round}`]);
      await allReach([alice, good], { from: alice, ids });
      expect(clock.monotonic()).toBe(before);
      for (let step = 0; step < 10; step += 1) {
        await clock.advance(1000);
        await turns(50);
        await until(() => [alice, good].every(({ store }) => !store.isBusy));
      }
    }
    expect((await inboxTexts(good)).slice(1)).toEqual(rounds.map((round) => `round ${round}`));
    const status = await alice.api.status({}, { signal });
    expect(
      Object.fromEntries(status.peers.map(({ petname, breaker, link }) => [petname, [link, breaker === 'closed']])),
    ).toEqual({
      dead: ['down', false],
      good: ['up', true],
      slow: expect.anything(),
    });
  });

  test('do not keep a node from stopping: a call that nobody answers is given up', async () => {
    const clock = new ManualClock();
    const { alice, slow } = await company(clock);
    story.wire.cut('slow');
    story.wire.clear();
    await sendAll(alice, 'slow', ['hello?']);
    await clock.advance(1000);
    await until(() => story.wire.passed.some(({ from, to }) => from === 'alice' && to === 'slow'));
    expect(alice.host.lane(slow.agentId).courier.isUp).toBe(false);
    const before = clock.monotonic();
    await alice.down();
    expect(clock.monotonic()).toBe(before);
  });

  test('do not use up the room of others: who is full is full alone', async () => {
    const clock = new ManualClock();
    const alice = await story.start('alice', { clock, limits: { ...atOnce, maxOutboxMessagesPerPeer: 5 } });
    const [gone, good] = [await story.start('gone', { clock }), await story.start('good', { clock, limits: atOnce })];
    for (const peer of [gone, good]) await pair(alice, peer);
    await leave(gone, alice);
    await sendAll(alice, 'gone', numbered('d', 5));
    const refused = await alice.api.send({ to: 'gone', text: 'one more' }, { signal }).catch((error: unknown) => error);
    expect(refused).toMatchObject({
      code: 'OUTBOX_FULL',
      message: '5 messages wait for gone, and at most 5 may',
      hint: expect.stringContaining('mesh outbox --peer gone --state queued'),
    });
    const ids = await sendAll(alice, 'good', numbered('g', 5));
    await allReach([alice, good], { from: alice, ids });
    // Room is made by taking something back.
    const { messages } = await alice.api.outbox({ peer: 'gone', limit: 1 }, { signal });
    await alice.api.cancel({ id: messages[0]?.id ?? '' }, { signal });
    await sendAll(alice, 'gone', ['after all']);
    await until(() => !alice.store.isBusy);
  });

  test('share the room of all together, in messages and in bytes', async () => {
    const clock = new ManualClock();
    const alice = await story.start('alice', {
      clock,
      limits: { ...atOnce, maxOutboxMessages: 8, maxOutboxBytes: 6000 },
    });
    const [one, two] = [await story.start('one', { clock }), await story.start('two', { clock })];
    for (const peer of [one, two]) await pair(alice, peer);
    for (const peer of [one, two]) await leave(peer, alice);
    await sendAll(alice, 'one', numbered('a', 4));
    await sendAll(alice, 'two', numbered('b', 4));
    const failure = (to: string, text: string) =>
      alice.api.send({ to, text }, { signal }).catch((error: unknown) => error);
    expect(await failure('two', 'x')).toMatchObject({
      code: 'OUTBOX_FULL',
      message: '8 messages wait for all peers together, and at most 8 may',
      hint: expect.stringContaining('mesh status'),
    });
    const { messages } = await alice.api.outbox({ peer: 'one', limit: 9 }, { signal });
    for (const { id } of messages) await alice.api.cancel({ id }, { signal });
    await sendAll(alice, 'one', ['y'.repeat(5000)]);
    expect(await failure('two', 'x')).toMatchObject({
      code: 'OUTBOX_FULL',
      message: expect.stringMatching(
        /^Messages of \d{4} bytes wait for all peers together, and at most 6000 bytes may$/,
      ),
    });
  });
});
