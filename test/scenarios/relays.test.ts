import { afterEach, describe, expect, test } from 'vitest';
import { systemClock } from '#kernel';
import { contentOf, fileOf, fileReaches, sendFile } from '../support/file-story.ts';
import { agent } from '../support/link-agents.ts';
import { ManualClock } from '../support/manual-clock.ts';
import type { MemoryNode, MemoryNodeOptions } from '../support/memory-node.ts';
import { allReach, MemoryStory, numbered, quiet, sendAll } from '../support/memory-story.ts';
import { codeOfRejection, inboxTexts, reaches, send, until } from '../support/story.ts';
import { eventually, pair, signal } from '../support/test-agents.ts';
import { TestHub } from '../support/test-hub.ts';

let story = new MemoryStory();
let hubs: TestHub[] = [];

afterEach(async () => {
  await story[Symbol.asyncDispose]();
  for (const hub of hubs) await hub[Symbol.asyncDispose]();
  story = new MemoryStory();
  hubs = [];
});

const soon = { hubRetryMs: 10, hubMaxRetryMs: 20, relayAfterMs: 20, relayBackMs: 20 };
const relaySelf = agent(77);

const start = (name: string, options: Omit<MemoryNodeOptions, 'name' | 'wire'> = {}): Promise<MemoryNode> =>
  story.start(name, { ...options, hubs, limits: { ...soon, ...options.limits } });

/** Alice and Bob, whom nobody can call, and who trust each other and Rita, whom everybody can call and who is a relay. */
async function friendsOfRelay(options: { bob?: Omit<MemoryNodeOptions, 'name' | 'wire'> } = {}) {
  const rita = await start('rita', { relay: relaySelf });
  const alice = await start('alice');
  const bob = await start('bob', options.bob);
  await pair(alice, bob);
  await pair(alice, rita);
  await pair(bob, rita);
  for (const node of [alice, bob]) story.wire.hidden.add(node.name);
  return { rita, alice, bob };
}

const joinRelay = (node: MemoryNode) => node.api.joinHub({ target: 'rita', relay: true }, { signal });
const keptBy = (node: MemoryNode) => node.node.parts.relay?.totals();
const hubsOf = async (node: MemoryNode) => (await node.api.hubs({}, { signal })).hubs;
const standInOf = async (node: MemoryNode) => (await hubsOf(node)).find(({ standsIn }) => standsIn !== undefined);

/** Their hub is in memory too; they have no link to each other. */
async function withHub(hub: TestHub, nodes: readonly MemoryNode[]): Promise<void> {
  for (const node of nodes) await node.host.hubs.join({ address: hub.address, name: hub.name });
  for (const node of nodes) story.wire.cut(node.name);
  for (const node of nodes) await until(() => node.host.hubs.memberships.every(({ status }) => status.state === 'up'));
}

async function openHub(): Promise<TestHub> {
  const hub = await TestHub.open();
  hubs.push(hub);
  return hub;
}

describe('a relay', () => {
  test('keeps messages for a friend that is away, and hands them out once and in order', async () => {
    const { rita, alice, bob } = await friendsOfRelay();
    for (const node of [alice, bob])
      expect(await joinRelay(node)).toMatchObject({ name: 'rita', relayOf: 'rita', state: 'up' });
    story.wire.cut('alice');
    story.wire.cut('bob');
    const first = await send(alice, 'bob', 'first');
    await reaches([alice, bob], { from: alice, id: first, state: 'delivered' });
    await bob.down();
    const ids = await sendAll(alice, 'bob', numbered('m', 50));
    for (const id of ids) await reaches([alice], { from: alice, id, state: 'stored' });
    expect(await keptBy(rita)).toMatchObject({ agents: 2 });
    await alice.down();
    await bob.up();
    await eventually([bob], async () => (await inboxTexts(bob)).length === 51);
    expect(await inboxTexts(bob)).toEqual(['first', ...numbered('m', 50)]);
    await alice.up();
    await allReach([alice, bob], { from: alice, ids });
  });

  test('keeps a file too, until the friend that it is for is there', async () => {
    const { rita, alice, bob } = await friendsOfRelay();
    for (const node of [alice, bob]) await joinRelay(node);
    story.wire.cut('alice');
    story.wire.cut('bob');
    await bob.down();
    const content = contentOf(300_000);
    const id = await sendFile(alice, 'bob', content);
    await eventually([alice], async () => (await fileOf(alice, id))?.kept?.have === content.length);
    expect((await fileOf(alice, id))?.kept).toMatchObject({ by: rita.name });
    await alice.down();
    await bob.up();
    await fileReaches([bob], { at: bob, id, state: 'complete' });
    expect(await bob.api.filePart({ id, index: 0, part: 0 }, { signal })).toEqual(content);
  });

  test('keeps nothing for who is no friend, and tells nobody whom it serves', async () => {
    const { rita, alice, bob } = await friendsOfRelay();
    const carol = await start('carol');
    await pair(carol, alice);
    await joinRelay(bob);
    await joinRelay(alice);
    const place = { address: { base: 'http://rita.test', hub: relaySelf.agentId }, name: 'rita' };
    expect(await codeOfRejection(carol.host.hubs.join(place))).toBe('NOT_ADMITTED');
    const link = alice.host.hubs.memberLink(relaySelf.agentId);
    expect(await codeOfRejection(link.ask({ op: 'directory' }))).toBe('NOT_ADMITTED');
    expect(await link.ask({ op: 'presence', agents: [bob.agentId] })).toMatchObject({ online: [] });
    expect(await codeOfRejection(alice.api.joinHub({ target: 'bob', relay: true }, { signal }))).toBe('NOT_FOUND');
    expect(rita.host.contact(carol.agentId)).toBeUndefined();
  });

  test('drops the mailbox of a friend that is none any more, and takes it again when it is one again', async () => {
    const { rita, bob } = await friendsOfRelay();
    await joinRelay(bob);
    await rita.api.remove({ contact: 'bob' }, { signal });
    await eventually([rita], async () => (await keptBy(rita))?.agents === 0);
    await eventually([bob], async () => (await hubsOf(bob))[0]?.lastError?.code === 'NOT_ADMITTED');
    await pair(rita, bob);
    await eventually([bob], async () => (await hubsOf(bob))[0]?.state === 'up');
    expect(await keptBy(rita)).toMatchObject({ agents: 1 });
  });
});

describe('when all hubs of an agent are gone', () => {
  test('the relay of a peer stands in: what was on its way and what follows arrive once, in order', async () => {
    const hub = await openHub();
    const { alice, bob } = await friendsOfRelay();
    await withHub(hub, [alice, bob]);
    const ids = [...(await sendAll(alice, 'bob', numbered('a', 20)))];
    hub.vanish();
    ids.push(...(await sendAll(alice, 'bob', numbered('b', 20))));
    await allReach([alice, bob], { from: alice, ids });
    expect(await inboxTexts(bob)).toEqual([...numbered('a', 20), ...numbered('b', 20)]);
    expect(await standInOf(bob)).toMatchObject({ relayOf: 'rita', standsIn: 'now', state: 'up' });
    const back = await sendAll(bob, 'alice', numbered('c', 5));
    await allReach([alice, bob], { from: bob, ids: back });
  });

  test('it is let go when a hub is back, and what was sent to it meanwhile is not lost', async () => {
    const hub = await openHub();
    const { alice, bob } = await friendsOfRelay();
    await withHub(hub, [alice, bob]);
    hub.vanish();
    const ids = [...(await sendAll(alice, 'bob', numbered('a', 10)))];
    await allReach([alice, bob], { from: alice, ids });
    hub.comeBack();
    await eventually([bob], async () => (await standInOf(bob))?.standsIn === 'before');
    await until(() => bob.host.agent.card().mailboxes.join() === `${hub.base}/${hub.self.agentId}`);
    // Alice still writes to the relay: its mailbox is looked at for a while.
    ids.push(...(await sendAll(alice, 'bob', numbered('b', 10))));
    await allReach([alice, bob], { from: alice, ids });
    expect(await inboxTexts(bob)).toEqual([...numbered('a', 10), ...numbered('b', 10)]);
  });

  test('one that a person left does not come back before a hub was', async () => {
    const hub = await openHub();
    const clock = new ManualClock(systemClock.now());
    const { bob } = await friendsOfRelay({ bob: { clock } });
    await withHub(hub, [bob]);
    const standsIn = async (): Promise<boolean> => (await standInOf(bob))?.state === 'up';
    const step = async (): Promise<void> => {
      await clock.advance(soon.relayAfterMs);
      await story.settled();
    };
    const comes = async (isSo: () => Promise<boolean>): Promise<number> => {
      let steps = 0;
      for (; !(await isSo()); steps += 1) await step();
      return steps;
    };
    hub.vanish();
    const taken = await comes(standsIn);
    await bob.api.leaveHub({ hub: 'rita' }, { signal });
    for (let steps = 0; steps < 3 * taken; steps += 1) await step();
    expect(await standsIn()).toBe(false);
    hub.comeBack();
    await comes(async () => (await hubsOf(bob))[0]?.state === 'up');
    hub.vanish();
    await comes(standsIn);
  });

  test('it stays over a restart, and is forgotten when the hub has been back for a while', async () => {
    const hub = await openHub();
    const { alice, bob } = await friendsOfRelay({ bob: { limits: { relayKeptMs: 30 } } });
    await withHub(hub, [alice, bob]);
    hub.vanish();
    await eventually([bob], async () => (await standInOf(bob))?.state === 'up');
    bob.crash();
    const ids = await sendAll(alice, 'bob', numbered('a', 5));
    await bob.up();
    await allReach([alice, bob], { from: alice, ids });
    hub.comeBack();
    await eventually([bob], async () => (await standInOf(bob)) === undefined);
    expect(await hubsOf(bob)).toHaveLength(1);
    const late = await sendAll(alice, 'bob', numbered('b', 5));
    await allReach([alice, bob], { from: alice, ids: late });
    await quiet(alice, bob);
  });
});
