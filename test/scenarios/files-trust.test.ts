import { afterEach, describe, expect, test } from 'vitest';
import { codeOf } from '#kernel';
import {
  contentOf,
  fileArrives,
  fileOf,
  fileReaches,
  readAll,
  sendFile,
  ShiftedClock,
  smallFiles,
  storedData,
} from '../support/file-story.ts';
import type { MemoryNode } from '../support/memory-node.ts';
import { leave, MemoryStory } from '../support/memory-story.ts';
import { codeOfRejection, reaches, stillTalk, until } from '../support/story.ts';
import { eventually, handledBy, pair, signal } from '../support/test-agents.ts';

let story = new MemoryStory();

afterEach(async () => {
  await story[Symbol.asyncDispose]();
  story = new MemoryStory();
});

const friends = () => story.friends({ alice: { limits: smallFiles }, bob: { limits: smallFiles } });

const day = 24 * 3600 * 1000;

/** Where the file lies at its sender, as the message says. */
function addressOf(alice: MemoryNode, id: string): Uint8Array {
  const row = alice.store.read.files.list({ agent: 'alice', limit: 10 }).find(({ message }) => message === id);
  if (row === undefined) throw new Error('The file is not there');
  return row.blob;
}

/** What the other side says to whoever asks for a blob over its link to it. */
async function ask(from: MemoryNode, of: MemoryNode, blob: Uint8Array): Promise<string> {
  const { link } = from.host.lane(of.agentId).courier;
  if (link === undefined) throw new Error('There is no link');
  let came = 0;
  const take = (bytes: Uint8Array): void => void (came += bytes.length);
  return link.getBlob({ blob, offset: 0, bytes: 100, have: 0 }, take).then(() => `${came} bytes`, codeOf);
}

describe('sealed bytes are given', () => {
  test('to the peer to whom the message went, and to no other, who cannot even learn that they are there', async () => {
    const [alice, bob] = await friends();
    const carol = await story.start('carol', { limits: smallFiles });
    await pair(alice, carol);
    await stillTalk(carol, alice);
    bob.blobs.isFull = true;
    const id = await sendFile(alice, 'bob', contentOf(3000));
    await reaches([alice, bob], { from: alice, id, state: 'delivered' });
    const blob = addressOf(alice, id);
    expect(await ask(bob, alice, blob)).toBe('100 bytes');
    expect(await ask(carol, alice, blob)).toBe('NOT_FOUND');
    expect(await ask(carol, alice, new Uint8Array(32))).toBe('NOT_FOUND');
    // The other direction is another thing: what came in is not handed on.
    bob.blobs.isFull = false;
    await fileArrives(alice, bob, id);
    expect(await ask(alice, bob, blob)).toBe('NOT_FOUND');
    expect(await ask(bob, alice, blob)).toBe('NOT_FOUND');
  });

  test('within their bounds only', async () => {
    const [alice, bob] = await friends();
    bob.blobs.isFull = true;
    const id = await sendFile(alice, 'bob', contentOf(50));
    await reaches([alice, bob], { from: alice, id, state: 'delivered' });
    expect(await ask(bob, alice, addressOf(alice, id))).toBe('INVALID_ARGUMENT');
  });

  test('to nobody who is blocked: the file waits, and goes on when that is taken back', async () => {
    const [alice, bob] = await friends();
    alice.blobs.holdReads();
    const id = await sendFile(alice, 'bob', contentOf(20_000));
    await until(() => alice.blobs.readsHeld > 0);
    // Otherwise it is not known to be there, and ends with the block.
    await reaches([alice, bob], { from: alice, id, state: 'delivered' });
    await alice.api.setTier({ contact: 'bob', tier: 'blocked' }, { signal });
    alice.blobs.releaseReads();
    // It hears that it is refused, or nothing: the link ends with the block.
    const isLeft = () => bob.host.lane(alice.agentId).courier.link === undefined;
    await eventually([bob], async () => isLeft() || (await fileOf(bob, id))?.reason === 'NOT_TRUSTED');
    expect((await fileOf(bob, id))?.state).not.toBe('complete');
    await alice.api.setTier({ contact: 'bob', tier: 'trusted' }, { signal });
    await fileArrives(alice, bob, id);
    expect(await readAll(bob, id)).toEqual(contentOf(20_000));
  });

  test('to a receiver that blocked their sender: not asked for', async () => {
    const [alice, bob] = await friends();
    alice.blobs.holdReads();
    const id = await sendFile(alice, 'bob', contentOf(20_000));
    await until(() => alice.blobs.readsHeld > 0);
    await bob.api.setTier({ contact: 'alice', tier: 'blocked' }, { signal });
    alice.blobs.releaseReads();
    await bob.host.files.upkeep();
    expect(await fileOf(bob, id)).toMatchObject({ state: expect.stringMatching(/waiting|moving/) });
    await bob.api.setTier({ contact: 'alice', tier: 'trusted' }, { signal });
    await bob.host.files.upkeep();
    await fileArrives(alice, bob, id);
  });
});

describe('a file ends with what it belongs to:', () => {
  test('the sender removes the contact before it was taken', async () => {
    const [alice, bob] = await friends();
    await leave(bob, alice);
    const id = await sendFile(alice, 'bob', contentOf(3000));
    expect(storedData(alice)).toHaveLength(1);
    await alice.api.remove({ contact: 'bob' }, { signal });
    await eventually([alice], async () => (await fileOf(alice, id))?.state === 'failed');
    await until(() => storedData(alice).length === 0);
  });

  test('the receiver removes the contact: what is there stays, what is not does not come', async () => {
    const [alice, bob] = await friends();
    const whole = await sendFile(alice, 'bob', contentOf(3000));
    await fileArrives(alice, bob, whole);
    alice.blobs.holdReads();
    const half = await sendFile(alice, 'bob', contentOf(3000));
    await reaches([alice, bob], { from: alice, id: half, state: 'delivered' });
    await bob.api.remove({ contact: 'alice' }, { signal });
    await bob.host.files.upkeep();
    expect(await fileOf(bob, half)).toMatchObject({ state: 'failed', reason: 'NOT_TRUSTED' });
    expect(await bob.api.message({ id: half }, { signal })).toMatchObject({ state: 'dead' });
    expect(await readAll(bob, whole)).toEqual(contentOf(3000));
    expect(storedData(bob)).toHaveLength(1);
  });

  test('its message expires before the peer is there', async () => {
    const clock = new ShiftedClock();
    const [alice, bob] = await story.friends({ alice: { limits: smallFiles, clock }, bob: { limits: smallFiles } });
    await leave(bob, alice);
    const id = await sendFile(alice, 'bob', contentOf(3000), { ttlSeconds: 60 });
    clock.shiftMs = 61_000;
    await alice.host.files.upkeep();
    expect(await fileOf(alice, id)).toMatchObject({ state: 'failed', reason: 'EXPIRED' });
    await until(() => storedData(alice).length === 0);
  });

  test('its time is over before all of it came: the program does not get the message, and the sender learns it', async () => {
    const clock = new ShiftedClock();
    const handled: string[] = [];
    const runtime = handledBy(({ message }) => void handled.push(message.payload.body));
    const limits = smallFiles;
    const [alice, bob] = await story.friends({ alice: { limits, clock }, bob: { limits, clock, runtime } });
    handled.length = 0;
    alice.blobs.holdReads();
    const id = await sendFile(alice, 'bob', contentOf(3000), { ttlSeconds: 3600 });
    await until(() => alice.blobs.readsHeld > 0);
    clock.shiftMs = 3_700_000;
    await bob.host.files.upkeep();
    expect(await bob.api.message({ id }, { signal })).toMatchObject({
      state: 'dead',
      error: 'Its file 1 did not come: EXPIRED',
    });
    await reaches([alice, bob], { from: alice, id, state: 'expired' });
    alice.blobs.releaseReads();
    await fileReaches([alice], { at: alice, id, state: 'failed' });
    await until(() => storedData(alice).length + storedData(bob).length === 0);
    expect(handled).toEqual([]);
  });

  test('the sender lost its bytes: the message is given up, and refused with the reason', async () => {
    const [alice, bob] = await friends();
    await leave(bob, alice);
    const id = await sendFile(alice, 'bob', contentOf(3000));
    for (const name of storedData(alice)) await alice.blobs.remove(name);
    await bob.up();
    await reaches([alice, bob], { from: alice, id, state: 'refused' });
    expect(await alice.api.track({ id }, { signal })).toMatchObject({ reason: 'FILE_GONE' });
    expect(await bob.api.message({ id }, { signal })).toMatchObject({ state: 'dead' });
    expect(await fileOf(bob, id)).toMatchObject({ state: 'failed', reason: 'FILE_GONE' });
    await stillTalk(alice, bob);
  });

  test('its message is old enough to go', async () => {
    const clock = new ShiftedClock();
    const runtime = handledBy(() => undefined);
    const limits = smallFiles;
    const [alice, bob] = await story.friends({ alice: { limits, clock }, bob: { limits, clock, runtime } });
    const id = await sendFile(alice, 'bob', contentOf(3000));
    await fileArrives(alice, bob, id);
    await reaches([alice, bob], { from: alice, id, state: 'seen' });
    clock.shiftMs = 31 * day;
    // The newest row of a table stays, so that its number is not given out again.
    const last = await alice.api.send({ to: 'bob', text: 'last' }, { signal });
    await reaches([alice, bob], { from: alice, id: last.id, state: 'seen' });
    const now = clock.now();
    const over = { before: now - 30 * day, now, ranMs: 0 };
    for (const { store } of [alice, bob]) await store.transact((tx) => tx.history.mark());
    await bob.store.transact((tx) => tx.inbox.prune(over));
    await alice.store.transact((tx) => tx.outbox.prune(over));
    for (const node of [alice, bob]) {
      await node.host.files.prune();
      expect((await node.api.files({}, { signal })).files).toEqual([]);
      expect(storedData(node)).toEqual([]);
    }
  });
});

describe('a file that lies here', () => {
  test('shows damage of the disk when it is read, and is never given damaged', async () => {
    const [alice, bob] = await friends();
    const id = await sendFile(alice, 'bob', contentOf(3000));
    await fileArrives(alice, bob, id);
    const [name = ''] = storedData(bob);
    const file = await bob.blobs.open(name);
    await file?.write(1500, [Uint8Array.of(1, 2, 3)]);
    await file?.close();
    const good = await bob.api.filePart({ id, index: 0, part: 0 }, { signal });
    expect(Uint8Array.from(good)).toEqual(contentOf(1000));
    expect(await codeOfRejection(bob.api.filePart({ id, index: 0, part: 1 }, { signal }))).toBe('FILE_DAMAGED');
    expect(await codeOfRejection(bob.api.filePart({ id, index: 0, part: 3 }, { signal }))).toBe('INVALID_ARGUMENT');
    expect(await codeOfRejection(bob.api.filePart({ id, index: 1, part: 0 }, { signal }))).toBe('NOT_FOUND');
  });
});
