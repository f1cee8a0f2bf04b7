import { afterEach, describe, expect, test } from 'vitest';
import { type Write, writing } from '../support/faulty-store.ts';
import type { MemoryNode, MemoryNodeOptions } from '../support/memory-node.ts';
import { allReach, leave, MemoryStory, numbered, sendAll, turns } from '../support/memory-story.ts';
import { inboxTexts, until } from '../support/story.ts';
import { signal } from '../support/test-agents.ts';

let story = new MemoryStory();

afterEach(async () => {
  await story[Symbol.asyncDispose]();
  story = new MemoryStory();
});

const insert = (write: Write): boolean => write.startsWith('outbox.insert msg_');

/** How many messages each transaction accepted that sealed none of them. */
const storedUnsealed = (node: MemoryNode): readonly number[] =>
  node.store.committed
    .filter((writes) => !writing('outbox.insertFrame')(writes))
    .map((writes) => writes.filter(insert).length)
    .filter((count) => count > 0);

async function friends(alice: Pick<MemoryNodeOptions, 'limits'>): Promise<readonly [MemoryNode, MemoryNode]> {
  const both = await story.friends({ alice });
  both[0].store.committed.length = 0;
  return both;
}

describe('who sends faster than the peer takes', () => {
  test('is held to its pace for a moment: on a link that is full for less than that, every message is sealed as it is accepted', async () => {
    const [alice, bob] = await friends({ limits: { inFlightFrames: 2, roomWaitMs: 60_000 } });
    const texts = numbered('m', 900);
    const ids = await sendAll(alice, 'bob', texts);
    await allReach([alice, bob], { from: alice, ids });
    expect(storedUnsealed(alice)).toEqual([]);
    expect(await inboxTexts(bob)).toEqual(['hello', ...texts]);
  });

  test('is not held longer: messages are accepted, and go in order when the peer takes again', async () => {
    const [alice, bob] = await friends({ limits: { inFlightFrames: 2, roomWaitMs: 5, leaseBatch: 4 } });
    story.wire.pause('bob');
    const texts = numbered('m', 40);
    const ids = await sendAll(alice, 'bob', texts);
    expect(storedUnsealed(alice).reduce((sum, count) => sum + count, 0)).toBeGreaterThan(0);
    story.wire.resume('bob');
    await allReach([alice, bob], { from: alice, ids });
    expect(await inboxTexts(bob)).toEqual(['hello', ...texts]);
  });

  test('does not put off what waits: beside each frame of older messages at most one frame of new ones is accepted', async () => {
    const leaseBatch = 5;
    const [alice, bob] = await friends({ limits: { leaseBatch, inFlightFrames: 8, roomWaitMs: 0 } });
    story.wire.pause('bob');
    const early = await sendAll(alice, 'bob', numbered('early', 100));
    expect(storedUnsealed(alice).reduce((sum, count) => sum + count, 0)).toBeGreaterThan(leaseBatch);
    alice.store.hold();
    story.wire.resume('bob');
    await until(() => alice.store.waiting > 0);
    alice.store.committed.length = 0;
    const sending = sendAll(alice, 'bob', numbered('late', 500));
    await turns();
    alice.store.release();
    const late = await sending;
    await allReach([alice, bob], { from: alice, ids: [...early, ...late] });
    const beside = alice.store.committed.filter(writing('outbox.insertFrame'));
    expect(Math.max(...beside.map((writes) => writes.filter(insert).length))).toBe(leaseBatch);
    expect(await inboxTexts(bob)).toEqual(['hello', ...numbered('early', 100), ...numbered('late', 500)]);
  });

  test('hears at once that a message is on disk when there is no link', async () => {
    const [alice, bob] = await friends({ limits: { roomWaitMs: 60_000 } });
    await leave(bob, alice);
    const { state } = await alice.api.send({ to: 'bob', text: 'later' }, { signal });
    expect(state).toBe('queued');
    expect(storedUnsealed(alice)).toEqual([1]);
  });
});
