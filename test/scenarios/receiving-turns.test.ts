import { afterEach, describe, expect, test } from 'vitest';
import { writing } from '../support/faulty-store.ts';
import type { MemoryNode } from '../support/memory-node.ts';
import { allReach, MemoryStory, numbered, quiet, sendAll, turns } from '../support/memory-story.ts';
import { until } from '../support/story.ts';
import { handledBy, pair, signal } from '../support/test-agents.ts';

let story = new MemoryStory();
let offers: { readonly id: string; readonly text: string; readonly attempt: number }[] = [];

afterEach(async () => {
  await story[Symbol.asyncDispose]();
  story = new MemoryStory();
  offers = [];
});

const noting = () =>
  handledBy(({ message, attempt }) => {
    offers.push({ id: message.id, text: message.payload.body, attempt });
    return undefined;
  });

async function friends(): Promise<readonly [MemoryNode, MemoryNode]> {
  const both = await story.friends({ bob: { runtime: noting() } });
  await until(() => offers.length === 1);
  // The program has nothing left to do and waits.
  await turns();
  offers = [];
  both[1].store.committed.length = 0;
  return both;
}

const send = async (from: MemoryNode, text: string): Promise<string> =>
  (await from.api.send({ to: 'bob', text }, { signal })).id;

describe('a message for a program that waits for work', () => {
  test('is stored and leased to it in one transaction', async () => {
    const [alice, bob] = await friends();
    const id = await send(alice, 'one');
    await until(() => offers.length === 1);
    const stored = bob.store.committed.filter(writing('inbox.insert'));
    expect(stored).toHaveLength(1);
    expect(stored.flat().some((write) => write.startsWith('inbox.lease'))).toBe(true);
    expect(offers).toEqual([{ id, text: 'one', attempt: 1 }]);
  });

  test('that could not be stored is not handled before the sender repeats it, and then once', async () => {
    const [alice, bob] = await friends();
    const refused = bob.store.refuse(writing('inbox.insert', 'inbox.lease'));
    const id = await send(alice, 'one');
    await refused;
    await turns();
    expect(offers).toEqual([]);
    await allReach([alice, bob], { from: alice, ids: [id] });
    await until(() => offers.length > 0);
    await quiet(alice, bob);
    expect(offers).toEqual([{ id, text: 'one', attempt: 1 }]);
    const next = await send(alice, 'two');
    await until(() => offers.length > 1);
    expect(offers[1]).toEqual({ id: next, text: 'two', attempt: 1 });
  });

  test('is handled once when the process ends before that commit, and with attempt 2 when it ends after it', async () => {
    const [alice, bob] = await friends();
    const before = bob.store.crashBefore(writing('inbox.insert', 'inbox.lease'));
    const first = await send(alice, 'before');
    await before;
    await bob.up();
    await until(() => offers.length === 1);
    await quiet(alice, bob);
    await turns();
    const after = bob.store.crashAfter(writing('inbox.insert', 'inbox.lease'));
    const second = await send(alice, 'after');
    await after;
    await bob.up();
    await until(() => offers.length === 2);
    await quiet(alice, bob);
    expect(offers).toEqual([
      { id: first, text: 'before', attempt: 1 },
      { id: second, text: 'after', attempt: 2 },
    ]);
  });

  test('is offered again without a lost attempt when the node stops before its handler began', async () => {
    const [alice, bob] = await friends();
    bob.store.hold();
    const id = await send(alice, 'one');
    await until(() => bob.store.waiting > 0);
    const down = bob.down();
    bob.store.release();
    await down;
    await bob.up();
    await until(() => offers.length > 0);
    await quiet(alice, bob);
    expect(offers).toEqual([{ id, text: 'one', attempt: 1 }]);
  });

  test('keeps its place among those of other senders: each sender in order, nothing twice', async () => {
    const [alice, bob] = await friends();
    const carol = await story.start('carol');
    await pair(carol, bob);
    const [ours, theirs] = [numbered('a', 200), numbered('c', 200)];
    const [fromAlice, fromCarol] = await Promise.all([sendAll(alice, 'bob', ours), sendAll(carol, 'bob', theirs)]);
    await allReach([alice, bob], { from: alice, ids: fromAlice });
    await allReach([carol, bob], { from: carol, ids: fromCarol });
    await until(() => offers.length >= 400);
    const texts = offers.map(({ text }) => text);
    expect(texts.filter((text) => text.startsWith('a'))).toEqual(ours);
    expect(texts.filter((text) => text.startsWith('c'))).toEqual(theirs);
  });
});
