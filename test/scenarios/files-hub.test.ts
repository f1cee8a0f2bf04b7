import { afterEach, describe, expect, test } from 'vitest';
import { contentOf, fileArrives, fileOf, fileReaches, readAll, sendFile, smallFiles } from '../support/file-story.ts';
import { writing } from '../support/faulty-store.ts';
import type { MemoryNode } from '../support/memory-node.ts';
import { MemoryStory, quiet } from '../support/memory-story.ts';
import { reaches, until } from '../support/story.ts';
import { eventually, pair } from '../support/test-agents.ts';
import { TestHub, type TestHubOptions } from '../support/test-hub.ts';

let story = new MemoryStory();
let hubs: TestHub[] = [];

afterEach(async () => {
  await story[Symbol.asyncDispose]();
  for (const hub of hubs) await hub[Symbol.asyncDispose]();
  story = new MemoryStory();
  hubs = [];
});

const size = 30_000;
const content = contentOf(size);
const sealedSize = size + 30 * 16;

async function openHub(options: TestHubOptions = {}): Promise<TestHub> {
  const hub = await TestHub.open({ ...options, limits: { ...smallFiles, ...options.limits } });
  hubs.push(hub);
  return hub;
}

const join = (node: MemoryNode, hub: TestHub) => node.host.hubs.join({ address: hub.address, name: hub.name });

interface Members {
  readonly alice?: readonly TestHub[];
  readonly bob?: readonly TestHub[];
}

/** Alice and Bob, peers of before, neither of whom can be called any more; members of these hubs. */
async function apart(members: Members, mailRepeatMs = 60_000): Promise<readonly [MemoryNode, MemoryNode]> {
  const limits = { ...smallFiles, hubRetryMs: 10, hubMaxRetryMs: 20, mailRepeatMs, mailMaxRepeatMs: 120_000 };
  const alice = await story.start('alice', { hubs, limits });
  const bob = await story.start('bob', { hubs, limits });
  await pair(alice, bob);
  for (const hub of members.alice ?? []) await join(alice, hub);
  for (const hub of members.bob ?? []) await join(bob, hub);
  const knows = (one: MemoryNode, other: MemoryNode, count = 0): boolean =>
    one.host.contact(other.agentId)?.card?.mailboxes.length === count;
  await eventually([alice, bob], async () => knows(alice, bob, members.bob?.length));
  await eventually([alice, bob], async () => knows(bob, alice, members.alice?.length));
  separate();
  return [alice, bob];
}

function separate(): void {
  story.wire.hidden.add('alice').add('bob');
  story.wire.cut('alice');
}

function meet(alice: MemoryNode, bob: MemoryNode): void {
  story.wire.hidden.clear();
  for (const [one, other] of [
    [alice, bob],
    [bob, alice],
  ] as const)
    one.host.lane(other.agentId).courier.retryNow();
}

/** Resolves when the sender says that a hub has all of it. */
const liesAt = (from: MemoryNode, id: string, hub: TestHub): Promise<boolean> =>
  eventually([from], async () => {
    const { kept } = (await fileOf(from, id)) ?? {};
    return kept?.by === hub.name && kept.have === size;
  });

/** Bytes that were written to the disk of the hub since. */
function counted(hub: TestHub): { writes: number } {
  const count = { writes: 0 };
  hub.files.onWrite = () => (count.writes += 1);
  return count;
}

const hasNothing = async (hub: TestHub): Promise<boolean> =>
  (await hub.files.list()).length === 0 && (await hub.hub.parts.store.totals()).blobs === 0;

describe('a file between agents that never meet', () => {
  test('lies at the hub until its receiver is there, and goes when it arrived', async () => {
    const hub = await openHub();
    const [alice, bob] = await apart({ alice: [hub], bob: [hub] });
    await bob.down();
    const id = await sendFile(alice, 'bob', content);
    await liesAt(alice, id, hub);
    expect(await fileOf(alice, id)).toMatchObject({ state: 'waiting', have: 0 });
    await alice.down();
    await bob.up();
    await fileReaches([bob], { at: bob, id, state: 'complete' });
    expect(await readAll(bob, id)).toEqual(content);
    await alice.up();
    await fileArrives(alice, bob, id);
    await quiet(alice, bob);
  });

  test('is kept by the hub no longer than it is needed', async () => {
    const hub = await openHub();
    const [alice, bob] = await apart({ alice: [hub], bob: [hub] });
    const id = await sendFile(alice, 'bob', content);
    await fileArrives(alice, bob, id);
    await eventually([alice, bob], () => hasNothing(hub));
    expect((await fileOf(alice, id))?.kept).toBeUndefined();
  });

  test('comes from the hub of its sender, at which the receiver is a guest', async () => {
    const [one, two] = [await openHub({ name: 'one' }), await openHub({ name: 'two', seed: 201 })];
    const [alice, bob] = await apart({ alice: [one], bob: [two] });
    const id = await sendFile(alice, 'bob', content);
    await fileArrives(alice, bob, id);
    expect(await readAll(bob, id)).toEqual(content);
    await eventually([alice, bob], () => hasNothing(one));
    expect(await hasNothing(two)).toBe(true);
  });

  test.each([0, 1, 1000, 1001])('of %i bytes arrives as it was', async (bytes) => {
    const hub = await openHub();
    const [alice, bob] = await apart({ alice: [hub], bob: [hub] });
    const id = await sendFile(alice, 'bob', contentOf(bytes));
    await fileArrives(alice, bob, id);
    expect(await readAll(bob, id)).toEqual(contentOf(bytes));
  });

  test('is nothing that the hub can read', async () => {
    const hub = await openHub();
    const [alice, bob] = await apart({ alice: [hub], bob: [hub] });
    await bob.down();
    const id = await sendFile(alice, 'bob', new Uint8Array(size).fill(65));
    await liesAt(alice, id, hub);
    const [name = ''] = await hub.files.list();
    const there = Buffer.from(hub.files.bytesOf(name));
    expect([there.length, there.includes('AAAAAAAA')]).toEqual([sealedSize, false]);
  });
});

describe('what breaks off', () => {
  test('goes on where it stopped when the sender is killed while it puts the file', async () => {
    const hub = await openHub();
    const [alice, bob] = await apart({ alice: [hub], bob: [hub] });
    await bob.down();
    let writes = 0;
    hub.files.onWrite = () => {
      writes += 1;
      if (writes === 60) alice.crash();
    };
    const id = await sendFile(alice, 'bob', content);
    await until(() => !alice.isUp);
    const before = writes;
    await alice.up();
    await liesAt(alice, id, hub);
    // Pieces of 200 bytes; what was under way when it ended may have come once more.
    expect(before).toBeGreaterThanOrEqual(60);
    expect(writes).toBeLessThanOrEqual(Math.ceil(sealedSize / 200) + 5);
    await bob.up();
    await fileArrives(alice, bob, id);
  });

  test('goes on when the receiver is killed while it gets the file', async () => {
    const hub = await openHub();
    const [alice, bob] = await apart({ alice: [hub], bob: [hub] });
    await bob.down();
    const id = await sendFile(alice, 'bob', content);
    await liesAt(alice, id, hub);
    await alice.down();
    await bob.up();
    const crashed = bob.store.crashAfter(writing('files.putChunks'));
    await crashed;
    await until(() => !bob.isUp);
    await bob.up();
    await fileReaches([bob], { at: bob, id, state: 'complete' });
    expect(await readAll(bob, id)).toEqual(content);
  });

  test('goes on when the connection to the hub is lost again and again', async () => {
    const hub = await openHub();
    const [alice, bob] = await apart({ alice: [hub], bob: [hub] });
    let writes = 0;
    hub.files.onWrite = () => {
      writes += 1;
      if (writes % 40 !== 0) return;
      hub.vanish();
      hub.comeBack();
    };
    const id = await sendFile(alice, 'bob', content);
    await fileArrives(alice, bob, id);
    expect(await readAll(bob, id)).toEqual(content);
    expect(writes).toBeLessThan(250);
  });

  test('goes on at the second hub when the first one is gone', async () => {
    const [one, two] = [await openHub({ name: 'one' }), await openHub({ name: 'two', seed: 201 })];
    const [alice, bob] = await apart({ alice: [one, two], bob: [one, two] });
    one.files.onWrite = () => {
      one.files.onWrite = () => undefined;
      one.vanish();
    };
    const id = await sendFile(alice, 'bob', content);
    await fileArrives(alice, bob, id);
    expect(await readAll(bob, id)).toEqual(content);
  });

  test('goes on over a link between the two nodes when there is one', async () => {
    const hub = await openHub();
    const [alice, bob] = await apart({ alice: [hub], bob: [hub] });
    let writes = 0;
    hub.files.onWrite = () => {
      writes += 1;
      if (writes !== 30) return;
      meet(alice, bob);
      hub.vanish();
    };
    const id = await sendFile(alice, 'bob', content);
    await fileArrives(alice, bob, id);
    expect(await readAll(bob, id)).toEqual(content);
  });
});

describe('a hub that', () => {
  /** Alice's file lies at the first hub, and Bob is away. */
  async function stored(members: Members, mailRepeatMs?: number) {
    const [alice, bob] = await apart(members, mailRepeatMs);
    const [hub] = members.alice ?? [];
    if (hub === undefined) throw new Error('there is no hub');
    await bob.down();
    const id = await sendFile(alice, 'bob', content);
    await liesAt(alice, id, hub);
    return { alice, bob, hub, id };
  }

  test('loses a file is given it again', async () => {
    const hub = await openHub();
    const { alice, bob, id } = await stored({ alice: [hub], bob: [hub] }, 50);
    const [name = ''] = await hub.files.list();
    await hub.hub.parts.store.blobs.drop(name);
    await hub.files.remove(name);
    await bob.up();
    await fileArrives(alice, bob, id);
    expect(await readAll(bob, id)).toEqual(content);
  });

  test('gives other bytes is not believed: the file waits, and comes from the peer itself', async () => {
    const hub = await openHub();
    const { alice, bob, id } = await stored({ alice: [hub], bob: [hub] });
    const [name = ''] = await hub.files.list();
    hub.files.rot(name, 20 * 1016 + 5);
    await bob.up();
    await eventually([bob], async () => (await fileOf(bob, id))?.reason === 'FILE_DAMAGED');
    expect((await fileOf(bob, id))?.state).not.toBe('failed');
    meet(alice, bob);
    await fileArrives(alice, bob, id);
    expect(await readAll(bob, id)).toEqual(content);
  });

  test('gives other bytes does not keep a second hub from giving the right ones', async () => {
    const [one, two] = [await openHub({ name: 'one' }), await openHub({ name: 'two', seed: 201 })];
    const { alice, bob, id } = await stored({ alice: [one, two], bob: [one, two] }, 50);
    const [name = ''] = await one.files.list();
    one.files.rot(name, 20 * 1016 + 5);
    expect(await hasNothing(two)).toBe(true);
    const second = counted(two);
    await bob.up();
    await fileArrives(alice, bob, id);
    expect(await readAll(bob, id)).toEqual(content);
    expect(second.writes).toBeGreaterThan(0);
  });

  test('keeps no more files is named, and a link to the peer delivers', async () => {
    const hub = await openHub({ limits: { maxHubBlobBytes: 1000 } });
    const [alice, bob] = await apart({ alice: [hub], bob: [hub] });
    const id = await sendFile(alice, 'bob', content);
    await reaches([alice, bob], { from: alice, id, state: 'delivered' });
    const file = await eventually([alice], async () => {
      const found = await fileOf(alice, id);
      return found?.reason === 'FILES_FULL' && found;
    });
    expect(file).toMatchObject({ state: 'waiting', have: 0 });
    expect(file.why).toMatch(/The hub keeps as many files of alice as it may/);
    expect(await fileOf(bob, id)).toMatchObject({ state: 'waiting' });
    meet(alice, bob);
    await fileArrives(alice, bob, id);
  });

  test('keeps no more files is passed over when there is another one', async () => {
    const full = await openHub({ name: 'one', limits: { maxHubBlobBytes: 1000 } });
    const two = await openHub({ name: 'two', seed: 201 });
    const [alice, bob] = await apart({ alice: [full, two], bob: [full] });
    const id = await sendFile(alice, 'bob', content);
    await fileArrives(alice, bob, id);
    expect(await readAll(bob, id)).toEqual(content);
  });
});

test('a file of an agent without a hub waits until the two nodes meet, and says so', async () => {
  const hub = await openHub();
  const [alice, bob] = await apart({ bob: [hub] });
  const id = await sendFile(alice, 'bob', content);
  await reaches([alice], { from: alice, id, state: 'stored' });
  const file = await eventually([alice], async () => {
    const found = await fileOf(alice, id);
    return found?.reason === 'NO_HUB' && found;
  });
  expect(file.why).toMatch(/mesh hub-join URL/);
  meet(alice, bob);
  await fileArrives(alice, bob, id);
});
