import { afterEach, describe, expect, test } from 'vitest';
import type { Limits } from '#kernel';
import { ManualClock } from '../support/manual-clock.ts';
import type { MemoryNode } from '../support/memory-node.ts';
import { allReach, leave, MemoryStory, quiet, sendAll, turns } from '../support/memory-story.ts';
import { codeOfRejection, inboxTexts, reaches, send, stateOf, until } from '../support/story.ts';
import { handledBy, signal } from '../support/test-agents.ts';

let story = new MemoryStory();

afterEach(async () => {
  await story[Symbol.asyncDispose]();
  story = new MemoryStory();
});

const hour = 3_600_000;
const day = 24 * hour;
const atOnce = { receiptDelayMs: 0, deferredWriteMs: 0, giveUpMs: hour };

async function friends(clock: ManualClock, options: { alice?: Partial<Limits>; bob?: Partial<Limits> } = {}) {
  return story.friends({
    alice: { clock, limits: { ...atOnce, ...options.alice } },
    bob: { clock, limits: { ...atOnce, ...options.bob } },
  });
}

/** The wall clock is set ahead, and the node has looked around since. */
async function later(clock: ManualClock, ms: number): Promise<void> {
  clock.jump(ms);
  // A look that is under way ends first.
  for (let n = 0; n < 3; n += 1) {
    await clock.advance(31_000);
    await story.settled();
  }
}

const lettersOf = async (node: MemoryNode, query: object = {}) => node.api.deadLetters(query, { signal });
const idsOf = async (node: MemoryNode, query: object = {}) =>
  (await lettersOf(node, query)).letters.map(({ id }) => id);
const say = async (node: MemoryNode, text: string, ttlSeconds: number): Promise<string> =>
  (await node.api.send({ to: 'bob', text, ttlSeconds }, { signal })).id;
const replay = (node: MemoryNode, choice: object) => node.api.replayDead(choice, { signal });

describe('a message for a peer that is away', () => {
  test('becomes a dead letter after the time for it, which status shows, and goes by itself when the peer is heard from', async () => {
    const clock = new ManualClock();
    const [alice, bob] = await friends(clock);
    const bobId = bob.agentId;
    await leave(bob, alice);
    const ids = await sendAll(alice, 'bob', ['one', 'two']);
    await later(clock, hour / 2);
    expect(await stateOf(alice, ids[0] ?? '')).toBe('queued');
    await later(clock, hour);
    for (const id of ids) await reaches([alice], { from: alice, id, state: 'dead' });
    const young = await send(alice, 'bob', 'three');
    const { letters, counts } = await lettersOf(alice);
    expect(letters.map(({ id, reason, replay: how }) => [id, reason, how])).toEqual(
      ids.toReversed().map((id) => [id, 'UNREACHABLE', 'by itself']),
    );
    expect(counts).toEqual([{ box: 'outbox', peer: 'bob', peerId: bobId, reason: 'UNREACHABLE', count: 2 }]);
    const { queue, warnings } = await alice.api.status({}, { signal });
    expect(queue).toMatchObject({ waiting: 3, deadOut: 2 });
    expect(warnings).toContainEqual({
      code: 'UNREACHABLE',
      message: '2 messages to bob cannot be delivered: bob is away',
      hint: 'They go by themselves when bob is heard from in time. See them with: mesh dead --peer bob',
    });
    expect((await alice.api.outbox({ state: 'dead' }, { signal })).messages.map(({ id }) => id)).toEqual(
      ids.toReversed(),
    );
    await bob.up();
    await allReach([alice, bob], { from: alice, ids: [...ids, young] });
    expect(await inboxTexts(bob)).toEqual(['hello', 'one', 'two', 'three']);
    expect(await idsOf(alice)).toEqual([]);
    const { steps } = await alice.api.track({ id: ids[0] ?? '' }, { signal });
    expect(steps.map(({ state }) => state)).toEqual(['queued', 'dead', 'revived', 'sealed', 'sent', 'delivered']);
  });

  test('is still a dead letter after a restart, and still goes by itself', async () => {
    const clock = new ManualClock();
    const [alice, bob] = await friends(clock);
    await leave(bob, alice);
    const id = await send(alice, 'bob', 'patient');
    await later(clock, 2 * hour);
    await reaches([alice], { from: alice, id, state: 'dead' });
    alice.crash();
    await alice.up();
    expect(await stateOf(alice, id)).toBe('dead');
    await bob.up();
    await allReach([alice, bob], { from: alice, ids: [id] });
    expect(await inboxTexts(bob)).toEqual(['hello', 'patient']);
  });

  test('that was sent and never confirmed is one too, and is confirmed once when the peer is back', async () => {
    const clock = new ManualClock();
    const [alice, bob] = await friends(clock);
    story.wire.fate = ({ frame, from }) => (from === 'alice' && frame !== undefined ? 'drop' : 'pass');
    const id = await send(alice, 'bob', 'on the way');
    await reaches([alice], { from: alice, id, state: 'sent' });
    await leave(bob, alice);
    await later(clock, 2 * hour);
    await reaches([alice], { from: alice, id, state: 'dead' });
    story.wire.fate = () => 'pass';
    await bob.up();
    await allReach([alice, bob], { from: alice, ids: [id] });
    expect(await inboxTexts(bob)).toEqual(['hello', 'on the way']);
  });

  test('is never sent by itself once the time that its sender gave it is over', async () => {
    const clock = new ManualClock();
    const [alice, bob] = await friends(clock);
    await leave(bob, alice);
    const id = await say(alice, 'the build is red', (2 * hour) / 1000);
    await later(clock, hour + 60_000);
    await reaches([alice], { from: alice, id, state: 'dead' });
    await later(clock, hour);
    await reaches([alice], { from: alice, id, state: 'expired' });
    expect((await lettersOf(alice)).letters).toMatchObject([{ id, reason: 'EXPIRED', replay: 'by hand' }]);
    await bob.up();
    const next = await send(alice, 'bob', 'the build is green');
    await allReach([alice, bob], { from: alice, ids: [next] });
    await quiet(alice, bob);
    expect(await inboxTexts(bob)).toEqual(['hello', 'the build is green']);
    expect(await stateOf(alice, id)).toBe('expired');
  });

  test('can be tried at once: it goes on under its own id', async () => {
    const clock = new ManualClock();
    const [alice, bob] = await friends(clock);
    await leave(bob, alice);
    const id = await send(alice, 'bob', 'now');
    await later(clock, 2 * hour);
    await reaches([alice], { from: alice, id, state: 'dead' });
    expect(await replay(alice, { ids: [id] })).toEqual({ count: 1, replayed: [{ box: 'outbox', id }], skipped: [] });
    const { steps } = await alice.api.track({ id }, { signal });
    expect(steps.map(({ state }) => state)).toContain('revived');
    // Nobody answers, so it is given up again.
    await later(clock, 1000);
    await reaches([alice], { from: alice, id, state: 'dead' });
  });
});

describe('a message that ended', () => {
  test('is said again by a new message that names it, with a time of its own', async () => {
    const clock = new ManualClock();
    const [alice, bob] = await friends(clock);
    await leave(bob, alice);
    const id = await say(alice, 'too late', 10);
    await later(clock, hour);
    await reaches([alice], { from: alice, id, state: 'expired' });
    const { replayed } = await replay(alice, { peer: 'bob' });
    const as = replayed[0]?.as ?? '';
    expect(replayed).toEqual([{ box: 'outbox', id, as }]);
    const again = await alice.api.track({ id: as }, { signal });
    expect(again).toMatchObject({ state: 'queued', replayOf: id, body: 'too late', createdAt: clock.now() });
    expect(again.expiresAt - again.createdAt).toBe(10_000);
    const first = await alice.api.track({ id }, { signal });
    expect(first).toMatchObject({ state: 'expired', replayedBy: as });
    expect(first.steps.at(-1)).toMatchObject({ state: 'replayed', note: as });
    expect(await idsOf(alice)).toEqual([]);
    await bob.up();
    await allReach([alice, bob], { from: alice, ids: [as] });
    expect(await inboxTexts(bob)).toEqual(['hello', 'too late']);
    const { entries } = await alice.api.audit({ kind: 'message.replayed' }, { signal });
    expect(entries.map(({ data }) => data)).toMatchObject([{ messages: [id], as: [as] }]);
  });

  test('and had arrived all the same is taken once: the new one stands for the first', async () => {
    const clock = new ManualClock();
    const [alice, bob] = await friends(clock);
    const { courier } = alice.host.lane(bob.agentId);
    // Bob has it, and nothing that he says about it comes back.
    story.wire.fate = ({ from }) => (from === 'bob' ? 'drop' : 'pass');
    const id = await say(alice, 'once only', 600);
    await until(() => bob.store.read.inbox.list({ agent: 'bob', limit: 9 }).length === 2);
    bob.crash();
    story.wire.fate = () => 'pass';
    await until(() => courier.link === undefined);
    await later(clock, hour);
    await reaches([alice], { from: alice, id, state: 'expired' });
    const { replayed } = await replay(alice, { ids: [id] });
    const as = replayed[0]?.as ?? '';
    await bob.up();
    await allReach([alice, bob], { from: alice, ids: [as] });
    await quiet(alice, bob);
    expect(await inboxTexts(bob)).toEqual(['hello', 'once only']);
    // The peer knows better: it had it in time.
    expect(await stateOf(alice, id)).toBe('delivered');
    // What becomes of the first is told of the first alone.
    await bob.api.read({ id }, { signal });
    await reaches([alice, bob], { from: alice, id, state: 'seen' });
    expect(await stateOf(alice, as)).toBe('delivered');
  });

  test('is said again once, however often it is asked for, also at the same moment', async () => {
    const clock = new ManualClock();
    const [alice, bob] = await friends(clock);
    await leave(bob, alice);
    const id = await say(alice, 'one copy', 10);
    await later(clock, hour);
    await reaches([alice], { from: alice, id, state: 'expired' });
    const outcomes = await Promise.all([1, 2, 3].map(() => replay(alice, { peer: 'bob', reason: 'EXPIRED' })));
    expect(outcomes.reduce((sum, { count }) => sum + count, 0)).toBe(1);
    expect(outcomes.flatMap(({ skipped }) => skipped.map(({ code }) => code))).toEqual(
      outcomes.filter(({ count }) => count === 0).map(() => 'WRONG_STATE'),
    );
    await expect(replay(alice, { ids: [id] })).rejects.toMatchObject({
      code: 'WRONG_STATE',
      message: expect.stringContaining('it was said again by msg_'),
    });
    await bob.up();
    await quiet(alice, bob);
    await until(() => bob.store.read.inbox.list({ agent: 'bob', limit: 9 }).length === 2);
    expect(await inboxTexts(bob)).toEqual(['hello', 'one copy']);
  });

  test('because the program of the peer failed is tried again there, in place of the first', async () => {
    const clock = new ManualClock();
    let isBroken = true;
    const handled: string[] = [];
    const [alice, bob] = await story.friends({
      alice: { clock, limits: atOnce },
      bob: {
        clock,
        limits: { ...atOnce, maxHandlerAttempts: 1 },
        runtime: handledBy(({ message }) => {
          if (isBroken && message.type === 'request') throw new Error('no such file');
          handled.push(message.id);
          return { body: 'done' };
        }),
      },
    });
    const { id } = await alice.api.send({ to: 'bob', text: 'work', type: 'request' }, { signal });
    await reaches([alice, bob], { from: alice, id, state: 'refused' });
    expect((await lettersOf(alice)).letters).toMatchObject([{ id, reason: 'HANDLER_FAILED', box: 'outbox' }]);
    expect((await lettersOf(bob)).letters).toMatchObject([{ id, reason: 'HANDLER_FAILED', box: 'inbox', attempts: 1 }]);
    isBroken = false;
    const { replayed } = await replay(alice, { ids: [id] });
    const as = replayed[0]?.as ?? '';
    await reaches([alice, bob], { from: alice, id: as, state: 'answered' });
    expect(handled.slice(1)).toEqual([as]);
    // Bob must not do it a second time by hand.
    expect(await idsOf(bob)).toEqual([]);
    expect(await codeOfRejection(replay(bob, { ids: [id] }))).toBe('WRONG_STATE');
  });

  test('stays as it is when the peer is no contact any more, and the answer says so', async () => {
    const clock = new ManualClock();
    const [alice, bob] = await friends(clock);
    await leave(bob, alice);
    const id = await say(alice, 'to a stranger', 10);
    await later(clock, hour);
    await reaches([alice], { from: alice, id, state: 'expired' });
    await alice.api.remove({ contact: 'bob' }, { signal });
    expect(await replay(alice, { all: true })).toMatchObject({
      count: 0,
      skipped: [{ box: 'outbox', id, code: 'NOT_TRUSTED' }],
    });
    expect(await idsOf(alice)).toEqual([id]);
  });

  test('survives a crash between the new message and the mark on the old one: both or none', async () => {
    const clock = new ManualClock();
    const [alice, bob] = await friends(clock);
    await leave(bob, alice);
    const id = await say(alice, 'both or none', 10);
    await later(clock, hour);
    await reaches([alice], { from: alice, id, state: 'expired' });
    void alice.store.crashBefore((writes) => writes.some((write) => write.startsWith('outbox.markReplayed ')));
    void replay(alice, { ids: [id] });
    await until(() => !alice.isUp);
    await alice.up();
    expect(await idsOf(alice)).toEqual([id]);
    const { count } = await replay(alice, { ids: [id] });
    expect(count).toBe(1);
    await bob.up();
    await until(() => bob.store.read.inbox.list({ agent: 'bob', limit: 9 }).length === 2);
    expect(await inboxTexts(bob)).toEqual(['hello', 'both or none']);
  });
});

describe('purging', () => {
  test('forgets what was named or narrowed, and never everything by mistake', async () => {
    const clock = new ManualClock();
    const [alice, bob] = await friends(clock);
    await leave(bob, alice);
    const ids = [await say(alice, 'old', 10), await say(alice, 'older', 10)];
    await later(clock, hour);
    for (const id of ids) await reaches([alice], { from: alice, id, state: 'expired' });
    const purge = (choice: object) => alice.api.purgeDead(choice, { signal });
    expect(await codeOfRejection(purge({}))).toBe('INVALID_ARGUMENT');
    expect(await codeOfRejection(purge({ reason: 'NO_SUCH_CODE' }))).toBe('INVALID_ARGUMENT');
    expect(await purge({ before: clock.now() - day })).toEqual({ purged: 0, kept: 0 });
    expect(await purge({ ids: [ids[0] ?? ''] })).toEqual({ purged: 1, kept: 0 });
    expect(await codeOfRejection(alice.api.track({ id: ids[0] ?? '' }, { signal }))).toBe('NOT_FOUND');
    expect(await purge({ all: true, reason: 'EXPIRED' })).toEqual({ purged: 1, kept: 0 });
    expect(await idsOf(alice)).toEqual([]);
    const { entries } = await alice.api.audit({ kind: 'dead.purged' }, { signal });
    expect(entries.map(({ data }) => data['messages'])).toEqual(ids.map((id) => [id]));
  });

  test('keeps what is in a frame that the peer may still take', async () => {
    const clock = new ManualClock();
    const [alice, bob] = await friends(clock);
    story.wire.fate = ({ frame, from }) => (from === 'alice' && frame !== undefined ? 'drop' : 'pass');
    const id = await send(alice, 'bob', 'sealed');
    await reaches([alice], { from: alice, id, state: 'sent' });
    await leave(bob, alice);
    await later(clock, 2 * hour);
    await reaches([alice], { from: alice, id, state: 'dead' });
    expect(await alice.api.purgeDead({ all: true }, { signal })).toEqual({ purged: 0, kept: 1 });
    story.wire.fate = () => 'pass';
    await bob.up();
    await allReach([alice, bob], { from: alice, ids: [id] });
    await turns();
  });

  test('works through more than one page', async () => {
    const clock = new ManualClock();
    const [alice, bob] = await friends(clock, { alice: { replayedAtOnce: 3 } });
    await leave(bob, alice);
    const ids: string[] = [];
    for (let n = 0; n < 8; n += 1) ids.push(await say(alice, `m${n}`, 10));
    await later(clock, hour);
    for (const id of ids) await reaches([alice], { from: alice, id, state: 'expired' });
    const outcome = await replay(alice, { peer: 'bob' });
    expect(outcome).toMatchObject({ count: 8, skipped: [] });
    await bob.up();
    await until(() => bob.store.read.inbox.list({ agent: 'bob', limit: 20 }).length === 9);
    expect((await inboxTexts(bob)).toSorted()).toEqual(['hello', ...ids.map((_, n) => `m${n}`)]);
  });
});
