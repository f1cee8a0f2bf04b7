import { afterEach, describe, expect, test } from 'vitest';
import { decodeFrame } from '#protocol';
import { ManualClock } from '../support/manual-clock.ts';
import type { MemoryNode, MemoryNodeOptions } from '../support/memory-node.ts';
import { allReach, MemoryStory, numbered, quiet, sendAll } from '../support/memory-story.ts';
import { codeOfRejection, inboxTexts, reaches, send, until } from '../support/story.ts';
import { eventually, handledBy, signal } from '../support/test-agents.ts';
import { TestHub } from '../support/test-hub.ts';

let story = new MemoryStory();
let hubs: TestHub[] = [];

afterEach(async () => {
  await story[Symbol.asyncDispose]();
  for (const hub of hubs) await hub[Symbol.asyncDispose]();
  story = new MemoryStory();
  hubs = [];
});

async function openHub(...options: Parameters<typeof TestHub.open>): Promise<TestHub> {
  const hub = await TestHub.open(...options);
  hubs.push(hub);
  return hub;
}

const join = (node: MemoryNode, hub: TestHub) => node.host.hubs.join({ address: hub.address, name: hub.name });

/** A node that can call hubs, and that nobody can call. */
async function behindNat(name: string, options: Omit<MemoryNodeOptions, 'name' | 'wire'> = {}): Promise<MemoryNode> {
  story.wire.hidden.add(name);
  const limits = { hubRetryMs: 10, hubMaxRetryMs: 20, mailRepeatMs: 500, ...options.limits };
  return story.start(name, { ...options, hubs, limits });
}

type Facts = Omit<MemoryNodeOptions, 'name' | 'wire'>;

/** Both are members of the first hub; Alice asks for contact as `bob@team`, and Bob approves. */
async function friends(options: { alice?: Facts; bob?: Facts } = {}) {
  const [hub] = hubs;
  if (hub === undefined) throw new Error('there is no hub');
  const alice = await behindNat('alice', options.alice);
  const bob = await behindNat('bob', options.bob);
  for (const node of [alice, bob]) await join(node, hub);
  await alice.api.request({ target: `bob@${hub.name}` }, { signal });
  const request = await eventually([bob], async () => (await bob.api.requests({}, { signal })).requests[0]);
  await bob.api.approve({ id: request.id, tier: 'trusted' }, { signal });
  await eventually([alice], async () => alice.host.contact(bob.agentId)?.state === 'trusted');
  await alice.api.setTier({ contact: 'bob', tier: 'trusted' }, { signal });
  return { alice, bob, hub };
}

describe('two agents behind NAT that share a hub', () => {
  test('find each other in its directory, ask, approve and talk', async () => {
    await openHub();
    const runtime = handledBy(({ message }) =>
      message.type === 'request' ? `echo ${message.payload.body}` : undefined,
    );
    const { alice, bob, hub } = await friends({ bob: { runtime } });
    const { agents } = await alice.api.directory({ search: 'bo' }, { signal });
    expect(agents).toMatchObject([{ name: 'bob', hub: 'team', contact: { petname: 'bob', state: 'trusted' } }]);
    const { answer } = await alice.api.ask({ to: 'bob', text: 'ping', timeoutMs: 20_000 }, { signal });
    expect(answer.body).toBe('echo ping');
    await quiet(alice, bob);
    await eventually([alice, bob], async () => (await hub.hub.parts.store.totals()).frames === 0);
    const way = await eventually([alice], async () => {
      const [ways] = (await alice.api.routes({ contact: 'bob' }, { signal })).contacts;
      return ways?.routes.find(({ state }) => state === 'in use');
    });
    expect(way).toMatchObject({ kind: 'hub', url: hub.base });
  });

  test('ask for contact, and are told at once that the hub has the request', async () => {
    const clock = new ManualClock();
    const hub = await openHub({ clock });
    const limits = { hubRetryMs: 10, hubMaxRetryMs: 20 };
    story.wire.hidden.add('alice').add('bob');
    const alice = await story.start('alice', { hubs, limits, clock });
    const bob = await story.start('bob', { hubs, limits, clock });
    for (const node of [alice, bob]) await join(node, hub);
    const asked = await alice.api.request({ target: `bob@${hub.name}`, waitMs: 5000 }, { signal });
    expect(asked).toMatchObject({ exchange: { step: 'request', state: 'under-way', atHub: true } });
  });

  test('get what was sent while they were away, each once and in order', async () => {
    await openHub();
    const { alice, bob } = await friends();
    await bob.down();
    const ids = await sendAll(alice, 'bob', numbered('m', 200));
    for (const id of ids) await reaches([alice], { from: alice, id, state: 'stored' });
    await alice.down();
    await bob.up();
    await eventually([bob], async () => (await inboxTexts(bob)).length === 200);
    expect(await inboxTexts(bob)).toEqual(numbered('m', 200));
    await alice.up();
    await allReach([alice, bob], { from: alice, ids });
  });

  test('lose nothing when the hub goes and comes, and when either crashes', async () => {
    const hub = await openHub();
    const { alice, bob } = await friends();
    const texts: string[] = [];
    const ids: string[] = [];
    for (let round = 0; round < 6; round += 1) {
      const some = numbered(`r${round}.`, 15);
      texts.push(...some);
      ids.push(...(await sendAll(alice, 'bob', some)));
      if (round % 3 === 0) {
        hub.vanish();
        hub.comeBack();
      } else {
        const victim = round % 3 === 1 ? bob : alice;
        victim.crash();
        await victim.up();
      }
    }
    await allReach([alice, bob], { from: alice, ids });
    expect(await inboxTexts(bob)).toEqual(texts);
  });

  test('follow a new key of each other, and what was under way arrives once, in order', async () => {
    await openHub();
    const { alice, bob } = await friends();
    const texts = numbered('m', 60);
    const ids: string[] = [];
    for (let n = 0; n < texts.length; n += 10) {
      ids.push(...(await sendAll(alice, 'bob', texts.slice(n, n + 10))));
      if (n === 20) await alice.api.rotateKey({}, { signal });
      if (n === 40) await bob.api.rotateKey({}, { signal });
    }
    await allReach([alice, bob], { from: alice, ids });
    expect(await inboxTexts(bob)).toEqual(texts);
    expect(bob.host.contact(alice.agentId)?.state).toBe('trusted');
    const back = await send(bob, 'alice', 'noted');
    await reaches([alice, bob], { from: bob, id: back, state: 'delivered' });
  });

  test('are members again after a restart, by themselves', async () => {
    const hub = await openHub();
    const { alice, bob } = await friends();
    await alice.down();
    await alice.up();
    await until(() => alice.host.hubs.memberships.every(({ status }) => status.state === 'up'));
    const id = await send(alice, 'bob', 'back');
    await reaches([alice, bob], { from: alice, id, state: 'delivered' });
    expect((await alice.api.hubs({}, { signal })).hubs).toMatchObject([{ name: 'team', url: hub.base, state: 'up' }]);
  });
});

describe('an agent', () => {
  test('goes on to the hub that its peer moved to, also while the one of before still takes frames', async () => {
    const [one, two] = [await openHub({ name: 'one' }), await openHub({ name: 'two', seed: 201 })];
    const limits = { slowRetryMs: 30, mailRepeatMs: 30 };
    const alice = await behindNat('alice', { limits });
    const bob = await behindNat('bob', { limits });
    await join(alice, one);
    await join(bob, one);
    await alice.api.request({ target: 'bob@one' }, { signal });
    const request = await eventually([bob], async () => (await bob.api.requests({}, { signal })).requests[0]);
    await bob.api.approve({ id: request.id, tier: 'trusted' }, { signal });
    await eventually([alice], async () => alice.host.contact(bob.agentId)?.state === 'trusted');
    const before = await send(alice, 'bob', 'before');
    await reaches([alice, bob], { from: alice, id: before, state: 'delivered' });
    await join(bob, two);
    await bob.host.hubs.leave(one.self.agentId);
    const after = await send(alice, 'bob', 'after');
    await reaches([alice, bob], { from: alice, id: after, state: 'delivered' });
    expect(await inboxTexts(bob)).toEqual(['before', 'after']);
  });

  test('tries the next hub of a peer that answers nothing of what the first one keeps', async () => {
    const [one, two] = [await openHub({ name: 'one' }), await openHub({ name: 'two', seed: 201 })];
    const { alice, bob } = await friends();
    for (const node of [alice, bob]) await join(node, two);
    alice.host.lane(bob.agentId).courier.hangUp();
    // From here on Bob gets nothing through the first hub, which is in order for everybody else.
    one.hiddenFrom.add('bob');
    one.cut('bob');
    const { agentId } = bob;
    const id = await send(alice, 'bob', 'hello');
    await until(() => alice.host.lane(agentId).courier.link?.keeper === one.self.agentId);
    await reaches([alice, bob], { from: alice, id, state: 'delivered' });
    expect(await inboxTexts(bob)).toEqual(['hello']);
  });

  test('writes to a peer at another hub as a guest, and is answered through its own', async () => {
    const [one, two] = [await openHub({ name: 'one' }), await openHub({ name: 'two', seed: 201 })];
    const alice = await behindNat('alice');
    const bob = await behindNat('bob');
    await join(alice, one);
    await join(bob, two);
    const card = JSON.parse(new TextDecoder().decode(bob.host.cardBytes())) as Record<string, unknown>;
    await alice.api.request({ target: card }, { signal });
    const request = await eventually([bob], async () => (await bob.api.requests({}, { signal })).requests[0]);
    await bob.api.approve({ id: request.id, tier: 'trusted' }, { signal });
    await eventually([alice], async () => alice.host.contact(bob.agentId)?.state === 'trusted');
    const id = await send(alice, 'bob', 'from afar');
    await reaches([alice, bob], { from: alice, id, state: 'delivered' });
    const back = await send(bob, 'alice', 'welcome');
    await reaches([alice, bob], { from: bob, id: back, state: 'delivered' });
    expect([await inboxTexts(alice), await inboxTexts(bob)]).toEqual([['welcome'], ['from afar']]);
  });

  test('goes on through the second hub when the first is gone, without loss, duplicate or reordering', async () => {
    await openHub();
    const second = await openHub({ name: 'second', seed: 201 });
    const { alice, bob, hub } = await friends();
    for (const node of [alice, bob]) await join(node, second);
    const hello = await send(alice, 'bob', 'hello');
    await reaches([alice, bob], { from: alice, id: hello, state: 'delivered' });
    await eventually([alice, bob], async () => alice.host.contact(bob.agentId)?.card?.mailboxes.length === 2);
    const texts = numbered('m', 120);
    const ids: string[] = [];
    for (let n = 0; n < texts.length; n += 20) {
      ids.push(...(await sendAll(alice, 'bob', texts.slice(n, n + 20))));
      if (n !== 40) continue;
      // The one that is in use.
      const keeperOf = async (id = '') =>
        (await alice.api.track({ id }, { signal })).steps.find(({ state }) => state === 'stored')?.note;
      const used = await eventually([alice], () => keeperOf(ids[0]));
      (used === hub.self.agentId ? hub : second).vanish();
    }
    await allReach([alice, bob], { from: alice, ids });
    expect(await inboxTexts(bob)).toEqual(['hello', ...texts]);
    const tracked = await Promise.all(ids.map((id) => alice.api.track({ id }, { signal })));
    const keepers = tracked.flatMap(({ steps }) =>
      steps.filter(({ state }) => state === 'stored').map(({ note }) => note),
    );
    expect(new Set(keepers)).toEqual(new Set([hub.self.agentId, second.self.agentId]));
  });

  test('looks for the node of a peer while a hub is the way to it, and keeps that way meanwhile', async () => {
    await openHub();
    const { alice, bob } = await friends();
    const id = await send(alice, 'bob', 'hello');
    await reaches([alice, bob], { from: alice, id, state: 'delivered' });
    const { courier } = alice.host.lane(bob.agentId);
    const way = courier.link;
    expect(way?.keeper).toBeDefined();
    const before = story.wire.calls.length;
    let tries = 0;
    story.wire.onCall = () => (tries += 1);
    await until(() => tries >= 3);
    // It greets there meanwhile.
    await until(() => courier.link !== undefined);
    expect([courier.link === way, story.wire.calls.length]).toEqual([true, before]);
    story.wire.hidden.clear();
    await until(() => courier.link?.keeper === undefined && courier.link !== undefined);
  });

  test('hears of a new card of a peer that it meets at a hub only', async () => {
    const hub = await openHub();
    const second = await openHub({ name: 'second', seed: 201 });
    const { alice, bob } = await friends();
    await join(bob, second);
    await eventually([alice, bob], async () => alice.host.contact(bob.agentId)?.card?.mailboxes.length === 2);
    expect(alice.host.contact(bob.agentId)?.card?.mailboxes[0]).toContain(hub.self.agentId);
  });

  test('is told why a hub does not take it, and nothing changed', async () => {
    const hub = await openHub({ admission: { kind: 'allowlist' } });
    const alice = await behindNat('alice');
    expect(await codeOfRejection(join(alice, hub))).toBe('NOT_ADMITTED');
    expect((await alice.api.hubs({}, { signal })).hubs).toEqual([]);
    expect(await codeOfRejection(alice.api.directory({}, { signal }))).toBe('NO_HUB');
    hub.vanish();
    expect(await codeOfRejection(join(alice, hub))).toBe('UNREACHABLE');
  });

  test('joins a hub anew, which keeps its place in the card, also when the hub does not answer', async () => {
    const [one, two] = [await openHub({ name: 'one' }), await openHub({ name: 'two', seed: 201 })];
    const alice = await behindNat('alice');
    await join(alice, one);
    await join(alice, two);
    const order = alice.host.agent.card().mailboxes;
    await join(alice, one);
    expect(alice.host.agent.card().mailboxes).toEqual(order);
    one.vanish();
    expect(await codeOfRejection(join(alice, one))).toBe('UNREACHABLE');
    one.comeBack();
    await until(() => alice.host.hubs.memberships.every(({ status }) => status.state === 'up'));
    expect(alice.host.hubs.mailboxes).toEqual(order);
    await alice.down();
    await alice.up();
    expect(alice.host.hubs.mailboxes).toEqual(order);
  });

  test('leaves a hub, and its card says so', async () => {
    const hub = await openHub();
    const alice = await behindNat('alice');
    await join(alice, hub);
    expect(alice.host.agent.card().mailboxes).toHaveLength(1);
    await alice.api.leaveHub({ hub: 'team' }, { signal });
    expect(alice.host.agent.card().mailboxes).toEqual([]);
    expect(await codeOfRejection(alice.api.leaveHub({ hub: 'team' }, { signal }))).toBe('NO_HUB');
  });
});

describe('peers that meet at a hub only', () => {
  test('learn of a new key also when the hub loses the first notices of it', async () => {
    await openHub();
    const limits = { mailRepeatMs: 50, mailMaxRepeatMs: 100 };
    const { alice, bob, hub } = await friends({ alice: { limits }, bob: { limits } });
    const { mailboxes } = hub.hub.parts.store;
    const append = mailboxes.append.bind(mailboxes);
    let lost = 0;
    mailboxes.append = async (mails) => {
      const isLost = lost < 2 && mails.some(({ frame }) => decodeFrame(frame).kind === 'rotation');
      if (!isLost) return append(mails);
      lost += 1;
      return mails.map(({ at, to }) => ({ kind: 'stored', at, owner: to, isNew: true }));
    };
    await alice.api.rotateKey({}, { signal });
    const id = await send(alice, 'bob', 'in my new name');
    await reaches([alice, bob], { from: alice, id, state: 'delivered' });
    expect(lost).toBe(2);
  });
});
