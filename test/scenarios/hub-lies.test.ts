import { copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { decodeFrame, encodeFrame, signFrameAnswers } from '#protocol';
import { type Limits, systemClock, systemRandom } from '#kernel';
import { freshKeyPackage, makeExchangeFrame } from '#pipeline';
import { openSqliteHubStore } from '#storage';
import { generateKeyPair, signCard } from '#identity';
import { ManualClock } from '../support/manual-clock.ts';
import type { MemoryNode } from '../support/memory-node.ts';
import { MemoryStory, numbered, sendAll } from '../support/memory-story.ts';
import { PostOffice } from '../support/post-office.ts';
import { inboxTexts, reaches, send, stateOf, until } from '../support/story.ts';
import { eventually, pair, signal } from '../support/test-agents.ts';
import { TestHub } from '../support/test-hub.ts';

let story = new MemoryStory();
let office = new PostOffice();

afterEach(async () => {
  await story[Symbol.asyncDispose]();
  story = new MemoryStory();
  office = new PostOffice();
});

/** Peers that can only talk through the post office. */
async function apart(limits: Partial<Limits> = {}): Promise<readonly [MemoryNode, MemoryNode]> {
  const options = { postOffice: office, limits };
  const [alice, bob] = await story.friends({ alice: options, bob: options });
  story.wire.hidden.add('alice').add('bob');
  story.wire.cut('alice');
  return [alice, bob];
}

describe('a hub that', () => {
  test('forges answers of a peer moves nothing', async () => {
    const [alice, bob] = await apart();
    await bob.down();
    const id = await send(alice, 'bob', 'for bob alone');
    await reaches([alice], { from: alice, id, state: 'stored' });
    const { frameId } = alice.store.read.outbox.message('alice', id as `msg_${string}`) ?? {};
    const peer = alice.host.lanes[0]?.peer;
    if (frameId === undefined || peer === undefined) throw new Error('nothing is under way');
    const forged = signFrameAnswers(
      { to: alice.agentId, at: Date.now(), answers: [{ frameId, kind: 'refused', code: 'EXPIRED' }] },
      generateKeyPair(systemRandom),
    );
    const now = Date.now();
    const frame = {
      v: 1,
      kind: 'answer',
      to: alice.agentId,
      createdAt: now,
      expiresAt: now + 1000,
      priority: 'high',
    } as const;
    await alice.host.mail.take({ ...frame, id: 'frm_0192f0c1-3c4d-7e5f-8a9b-0c1d2e3f4a5b', from: peer, bytes: forged });
    expect(await stateOf(alice, id)).toBe('stored');
    await bob.up();
    await reaches([alice, bob], { from: alice, id, state: 'delivered' });
  });

  test('serves an older card of a peer, or that of somebody else, is not believed', async () => {
    const [alice, bob] = await apart();
    await send(alice, 'bob', 'hello again');
    const pinned = (): number | undefined => alice.host.contact(bob.agentId)?.card?.seq;
    const before = pinned();
    const { name, devices, capabilities, suites, createdAt, expiresAt } = bob.host.agent.card();
    const facts = { name, devices, capabilities, suites, createdAt, expiresAt, mailboxes: [] };
    const old = signCard({ ...facts, seq: 0, endpoints: ['http://mallory.test'] }, bob.host.agent.root);
    office.cardOf = () => new TextEncoder().encode(JSON.stringify(old));
    alice.host.lane(bob.agentId).courier.hangUp();
    const id = await send(alice, 'bob', 'over a new way');
    await reaches([alice, bob], { from: alice, id, state: 'delivered' });
    expect(pinned()).toBe(before);
    office.cardOf = () => alice.host.cardBytes();
    alice.host.lane(bob.agentId).courier.hangUp();
    const last = await send(alice, 'bob', 'and another');
    await reaches([alice, bob], { from: alice, id: last, state: 'delivered' });
    expect(alice.host.contact(bob.agentId)?.card?.name).toBe('bob');
  });

  test('hands out the key package of somebody else gets nothing sealed for that one', async () => {
    const [alice, bob] = await apart();
    const mallory = await story.start('mallory');
    const of = { agent: 'alice', peer: bob.agentId, now: Date.now() };
    await alice.store.transact((tx) => {
      tx.sessions.deleteSessionsOf(of.agent, of.peer);
      for (const { ref } of tx.sessions.peerKeyPackages(of)) tx.sessions.deletePeerKeyPackage(of.agent, ref);
    });
    alice.host.lane(bob.agentId).forgetSessions();
    const honest = office.keyPackageOf.bind(office);
    let swapped = 0;
    office.keyPackageOf = async () => {
      swapped += 1;
      return (await freshKeyPackage(mallory.host.agent, mallory.host.desk.ports)).bytes;
    };
    const before = office.seen.length;
    const id = await send(alice, 'bob', 'for bob alone');
    await until(() => swapped >= 2);
    expect([await stateOf(alice, id), office.seen.slice(before).filter(({ from }) => from === alice.agentId)]).toEqual([
      'queued',
      [],
    ]);
    office.keyPackageOf = honest;
    await reaches([alice, bob], { from: alice, id, state: 'delivered' });
    expect(await inboxTexts(bob)).toEqual(['hello', 'for bob alone']);
  });

  test('changes bytes of frames delivers none of them, and nothing is lost', async () => {
    const [alice, bob] = await apart({ mailRepeatMs: 20, mailMaxRepeatMs: 50 });
    let changed = 0;
    office.change = (bytes) => {
      changed += 1;
      return changed % 3 === 0 ? bytes.map((byte, n) => (n === bytes.length - 5 ? byte ^ 1 : byte)) : bytes;
    };
    const texts = numbered('m', 20);
    const ids: string[] = [];
    for (const text of texts) ids.push(await send(alice, 'bob', text));
    await until(() => changed > 3);
    office.change = undefined;
    for (const id of ids) await reaches([alice, bob], { from: alice, id, state: 'delivered' });
    expect(await inboxTexts(bob)).toEqual(['hello', ...texts]);
  });

  test('puts a contact request for somebody else into a mailbox holds up nothing in it', async () => {
    const [alice, bob] = await apart();
    const mallory = await story.start('mallory', { postOffice: office });
    const target = JSON.parse(JSON.stringify(alice.host.agent.card())) as Record<string, unknown>;
    void mallory.api.request({ target }, { signal }).catch(() => undefined);
    await until(() => mallory.host.contact(alice.agentId)?.pending !== undefined);
    const contact = mallory.host.contact(alice.agentId);
    const asked = contact && (await makeExchangeFrame(mallory.host.desk, contact));
    if (asked === undefined) throw new Error('nobody was asked');
    office.put(bob.agentId, encodeFrame({ ...asked, to: bob.agentId }));
    const id = await send(alice, 'bob', 'behind it');
    await reaches([alice, bob], { from: alice, id, state: 'delivered' });
    await until(() => office.waiting(bob.agentId) === 0);
    expect(await inboxTexts(bob)).toEqual(['hello', 'behind it']);
  });

  test('floods a mailbox with frames of strangers keeps nobody from talking', async () => {
    const [alice, bob] = await apart();
    const ids = await sendAll(alice, 'bob', numbered('m', 5));
    await until(() => office.seen.some(({ kind, to }) => kind === 'app' && to === bob.agentId));
    const sample = office.seen.find(({ kind, to }) => kind === 'app' && to === bob.agentId);
    if (sample === undefined) throw new Error('nothing passed');
    for (let n = 0; n < 300; n += 1) {
      const suffix = String(n).padStart(12, '0');
      const bytes = encodeFrame({ ...sample, from: office.id, id: `frm_0192f0c1-3c4d-7e5f-8a9b-${suffix}` });
      office.put(bob.agentId, bytes);
    }
    for (const id of ids) await reaches([alice, bob], { from: alice, id, state: 'delivered' });
    await until(() => office.waiting(bob.agentId) === 0);
    expect(bob.host.lanes).toHaveLength(1);
  });
});

test('two nodes with the keys of one agent do not take the hub from each other without end, and are told', async () => {
  const clock = new ManualClock();
  await using hub = await TestHub.open({ clock });
  story.wire.hidden.add('alice');
  const alice = await story.start('alice', { hubs: [hub], clock });
  await alice.host.hubs.join({ address: hub.address, name: hub.name });
  const twin = await hub.linkAs(alice.host.agent.linkSelf);
  await until(() => alice.host.hubs.memberships[0]?.status.state === 'down');
  const { hubs } = await alice.api.hubs({}, { signal });
  expect(hubs).toMatchObject([{ state: 'down', lastError: { code: 'LINK_REPLACED' } }]);
  // It waits now: time that passes before is none of its waiting.
  await story.settled();
  await clock.advance(50_000);
  expect(alice.host.hubs.memberships[0]?.status.state).toBe('down');
  twin.close();
  // In small steps: a call to the hub has an end of its own, which time that leaps would be over.
  for (let seconds = 0; seconds < 30; seconds += 1) {
    await clock.advance(1000);
    await story.settled();
  }
  await eventually([alice], async () => alice.host.hubs.memberships[0]?.status.state === 'up');
});

describe('a hub that comes back with an older database', () => {
  const limits = { hubRetryMs: 10, hubMaxRetryMs: 20, mailRepeatMs: 50, mailMaxRepeatMs: 100 };
  const folder = mkdtempSync(join(tmpdir(), 'older-hub-'));
  const hubs: TestHub[] = [];

  afterEach(async () => {
    for (const hub of hubs.splice(0)) await hub[Symbol.asyncDispose]();
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const openAt = async (path: string): Promise<TestHub> => {
    const store = await openSqliteHubStore({ clock: systemClock, random: systemRandom, path });
    return TestHub.open({ store });
  };

  /** What the disk has now. */
  function copyOf(path: string): string {
    for (const suffix of ['', '-wal'])
      if (existsSync(path + suffix)) copyFileSync(path + suffix, `${path}-older${suffix}`);
    return `${path}-older`;
  }

  test.each(['is there', 'is away'])(
    'delivers nothing twice, skips nothing and loses nothing, when the receiver %s meanwhile',
    async (where) => {
      const path = join(folder, `${where.replace(' ', '-')}.db`);
      const hub = await openAt(path);
      hubs.push(hub);
      const [alice, bob] = [await story.start('alice', { hubs, limits }), await story.start('bob', { hubs, limits })];
      await pair(alice, bob);
      const receiver = bob.agentId;
      for (const node of [alice, bob]) await node.host.hubs.join({ address: hub.address, name: hub.name });
      const knows = (one: MemoryNode, other: MemoryNode): boolean =>
        one.host.contact(other.agentId)?.card?.mailboxes.length === 1;
      await eventually([alice, bob], async () => knows(alice, bob) && knows(bob, alice));
      story.wire.hidden.add('alice').add('bob');
      story.wire.cut('alice');
      const delivered = (id: string) => reaches([alice, bob], { from: alice, id, state: 'delivered' });
      await delivered(await send(alice, 'bob', 'm0'));
      await bob.down();
      const known = [await send(alice, 'bob', 'm1'), await send(alice, 'bob', 'm2')];
      for (const id of known) await reaches([alice], { from: alice, id, state: 'stored' });
      const older = copyOf(path);
      await bob.up();
      for (const id of known) await delivered(id);
      if (where === 'is away') await bob.down();
      const lost = [await send(alice, 'bob', 'm3'), await send(alice, 'bob', 'm4')];
      for (const id of lost) {
        if (where === 'is there') await delivered(id);
        else await reaches([alice], { from: alice, id, state: 'stored' });
      }
      const gone = lost.map((id) => alice.store.read.outbox.message('alice', id as `msg_${string}`)?.frameId);
      hub.vanish();
      await hub[Symbol.asyncDispose]();
      const restored = await openAt(older);
      const { items } = await restored.hub.parts.store.mailboxes.read(receiver, {
        after: 0,
        frames: 100,
        bytes: 1_000_000,
      });
      const kept = items.map(({ frame }) => decodeFrame(frame).id);
      expect([kept.length > 0, kept.filter((id) => gone.includes(id))]).toEqual([true, []]);
      hubs.splice(0, 1, restored);
      if (where === 'is away') await bob.up();
      for (const id of lost) await delivered(id);
      await delivered(await send(alice, 'bob', 'm5'));
      await eventually([bob], async () => (await hubs[0]?.hub.parts.store.totals())?.frames === 0);
      expect(await inboxTexts(bob)).toEqual(numbered('m', 6));
    },
  );
});
