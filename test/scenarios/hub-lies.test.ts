import { afterEach, describe, expect, test } from 'vitest';
import { encodeFrame, signFrameAnswers } from '#protocol';
import { systemRandom } from '#kernel';
import { generateKeyPair, signCard } from '#identity';
import { ManualClock } from '../support/manual-clock.ts';
import type { MemoryNode } from '../support/memory-node.ts';
import { MemoryStory, numbered, sendAll } from '../support/memory-story.ts';
import { PostOffice } from '../support/post-office.ts';
import { inboxTexts, reaches, send, stateOf, until } from '../support/story.ts';
import { eventually, signal } from '../support/test-agents.ts';
import { TestHub } from '../support/test-hub.ts';

let story = new MemoryStory();
let office = new PostOffice();

afterEach(async () => {
  await story[Symbol.asyncDispose]();
  story = new MemoryStory();
  office = new PostOffice();
});

/** Peers that can only talk through the post office. */
async function apart(): Promise<readonly [MemoryNode, MemoryNode]> {
  const [alice, bob] = await story.friends({ alice: { postOffice: office }, bob: { postOffice: office } });
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

  test('changes bytes of frames delivers none of them, and nothing is lost', async () => {
    const [alice, bob] = await apart();
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
  await clock.advance(50_000);
  expect(alice.host.hubs.memberships[0]?.status.state).toBe('down');
  twin.close();
  await clock.advance(30_000);
  await eventually([alice], async () => alice.host.hubs.memberships[0]?.status.state === 'up');
});
