import { afterEach, describe, expect, test } from 'vitest';
import {
  approve,
  arrives,
  ask,
  expectPeers,
  comesTo,
  seenBy,
  standing,
  talk,
  waitingAt,
} from '../support/exchange-story.ts';
import { ManualClock } from '../support/manual-clock.ts';
import type { MemoryNode } from '../support/memory-node.ts';
import { MemoryStory } from '../support/memory-story.ts';
import { inboxTexts, patient, send } from '../support/story.ts';
import { eventually, signal } from '../support/test-agents.ts';

let story = new MemoryStory();
let clock = new ManualClock();

afterEach(async () => {
  await story[Symbol.asyncDispose]();
  story = new MemoryStory();
  clock = new ManualClock();
});

async function two(): Promise<readonly [MemoryNode, MemoryNode]> {
  const options = { clock, limits: patient };
  return [await story.start('alice', options), await story.start('bob', options)];
}

async function peers(): Promise<readonly [MemoryNode, MemoryNode]> {
  const [alice, bob] = await two();
  await ask(alice, bob);
  await arrives(alice, bob);
  await approve(bob, alice);
  await expectPeers(alice, bob, clock);
  await talk(alice, bob, clock);
  return [alice, bob];
}

const sessionsOf = (node: MemoryNode, other: MemoryNode): readonly string[] =>
  node.store.read.sessions.sessions(node.name, other.agentId).map(({ groupId }) => groupId);

const reachesRefused = (from: MemoryNode, id: string): Promise<boolean> =>
  eventually([from], async () => {
    await clock.advance(100);
    return (await from.api.track({ id }, { signal })).state === 'refused';
  });

describe('two who ask each other', () => {
  test.each([['alice'], ['bob']])('at the same moment are peers, whoever is heard first (%s)', async (first) => {
    const [alice, bob] = await two();
    for (const name of ['alice', 'bob']) story.wire.pause(name);
    await Promise.all([ask(alice, bob), ask(bob, alice)]);
    story.wire.resume(first);
    await clock.advance(10);
    for (const name of ['alice', 'bob']) story.wire.resume(name);
    await expectPeers(alice, bob, clock);
    await talk(alice, bob, clock);
  });

  test('while links break again and again are peers', async () => {
    const [alice, bob] = await two();
    let [passed, gap, cutAt] = [0, 11, 11];
    // Ever a little later: cut always after the same number of operations, no attempt might ever be long enough.
    story.wire.fate = () => {
      passed += 1;
      if (passed < cutAt) return 'pass';
      gap += 1;
      cutAt += gap;
      return 'cut';
    };
    await Promise.all([ask(alice, bob), ask(bob, alice)]);
    await expectPeers(alice, bob, clock);
    expect(passed).toBeGreaterThan(11);
    story.wire.fate = () => 'pass';
    await talk(alice, bob, clock);
  });

  test('one after the other: the second request is the approval of the first', async () => {
    const [alice, bob] = await two();
    await ask(alice, bob, 'to compare notes');
    await arrives(alice, bob);
    const answered = await bob.api.request({ target: { ...alice.host.agent.card() }, waitMs: 5000 }, { signal });
    expect(answered).toMatchObject({ state: 'trusted', delivered: true });
    await expectPeers(alice, bob);
    await talk(alice, bob, clock);
  });

  test('and one of them by an invite of the other', async () => {
    for (const first of ['alice', 'bob']) {
      const [alice, bob] = await two();
      const { invite } = await bob.api.invite({}, { signal });
      for (const name of ['alice', 'bob']) story.wire.pause(name);
      await Promise.all([alice.api.join({ invite, waitMs: 0 }, { signal }), ask(bob, alice)]);
      story.wire.resume(first);
      await clock.advance(10);
      for (const name of ['alice', 'bob']) story.wire.resume(name);
      await expectPeers(alice, bob, clock);
      await talk(alice, bob, clock);
      await story[Symbol.asyncDispose]();
    }
  });
});

describe('a request that is made twice', () => {
  test('while the first is on its way is one request, with the latest purpose', async () => {
    const [alice, bob] = await two();
    story.wire.pause('bob');
    await ask(alice, bob, 'first');
    await ask(alice, bob, 'second');
    story.wire.resume('bob');
    const request = await eventually([alice, bob], async () => {
      await clock.advance(1000);
      const shown = await waitingAt(bob, alice);
      return shown?.purpose === 'second' ? shown : undefined;
    });
    expect((await bob.api.requests({}, { signal })).requests).toHaveLength(1);
    await bob.api.approve({ id: request.id }, { signal });
    await expectPeers(alice, bob, clock);
  });

  test('is answered by the approval of the first, which was on its way', async () => {
    const [alice, bob] = await two();
    await ask(alice, bob, 'first');
    await arrives(alice, bob);
    story.wire.pause('bob');
    await approve(bob, alice);
    await ask(alice, bob, 'second');
    story.wire.resume('bob');
    await expectPeers(alice, bob, clock);
    await talk(alice, bob, clock);
  });
});

describe('after a removal on one side', () => {
  test('the one who removed asks, and the other, who still trusts, needs not be asked', async () => {
    const [alice, bob] = await peers();
    const before = sessionsOf(bob, alice);
    expect(before).toHaveLength(1);
    await alice.api.remove({ contact: 'bob' }, { signal });
    expect(sessionsOf(alice, bob)).toEqual([]);
    await ask(alice, bob);
    await expectPeers(alice, bob, clock);
    await talk(alice, bob, clock);
    expect(before).not.toContain(sessionsOf(bob, alice)[0]);
    expect(sessionsOf(alice, bob)[0]).toBe(sessionsOf(bob, alice)[0]);
  });

  test('the other learns it by the next message, and is a peer again once both want it', async () => {
    const [alice, bob] = await peers();
    const { agentId } = alice;
    await bob.api.setTier({ contact: 'alice', tier: 'owner' }, { signal });
    await bob.api.markVerified({ contact: 'alice' }, { signal });
    await alice.api.remove({ contact: 'bob' }, { signal });
    expect(await standing(bob, alice)).toBe('trusted');
    const lost = await send(bob, 'alice', 'are you there');
    await reachesRefused(bob, lost);
    expect(await standing(bob, alice)).toBe('trusted message NOT_TRUSTED');
    expect((await bob.api.status({}, { signal })).warnings).toContainEqual({
      code: 'NOT_TRUSTED',
      message: 'alice does not trust this agent: it refused a message',
      hint: 'Ask it for trust: mesh request http://alice.test, or give it up: mesh remove alice',
    });

    await ask(bob, alice, 'it is me');
    await comesTo(bob, alice, 'trusted request delivered', clock);
    expect(await waitingAt(alice, bob)).toMatchObject({ purpose: 'it is me' });
    const waiting = await send(bob, 'alice', 'while it waits');
    await approve(alice, bob);
    await expectPeers(alice, bob, clock);
    expect(await seenBy(bob, alice)).toMatchObject({ agentId, tier: 'owner', verifiedAt: expect.any(Number) });
    await talk(alice, bob, clock);
    expect(['delivered', 'refused']).toContain((await bob.api.track({ id: waiting }, { signal })).state);
    expect(await inboxTexts(alice)).not.toContain('are you there');
  });

  test('on both sides they are strangers, and can begin anew', async () => {
    const [alice, bob] = await peers();
    await Promise.all([
      alice.api.remove({ contact: 'bob' }, { signal }),
      bob.api.remove({ contact: 'alice' }, { signal }),
    ]);
    await ask(bob, alice);
    await comesTo(bob, alice, 'requested-out request delivered', clock);
    await approve(alice, bob);
    await expectPeers(alice, bob, clock);
    await talk(alice, bob, clock);
  });

  test('while the other is away: it comes back, is refused, asks, and all is as it was', async () => {
    const [alice, bob] = await peers();
    await bob.down();
    await alice.api.remove({ contact: 'bob' }, { signal });
    await bob.up();
    await reachesRefused(bob, await send(bob, 'alice', 'nobody hears'));
    await ask(bob, alice);
    await comesTo(bob, alice, 'trusted request delivered', clock);
    await approve(alice, bob);
    await expectPeers(alice, bob, clock);
    await talk(alice, bob, clock);
  });
});

describe('a request to somebody who', () => {
  test('blocked the asker is as one to a full list, and is taken when the block is lifted', async () => {
    const [alice, bob] = await two();
    await ask(alice, bob);
    await arrives(alice, bob);
    await bob.api.reject({ id: 'alice', block: true }, { signal });
    await ask(alice, bob, 'please');
    await comesTo(alice, bob, 'requested-out request under-way request REQUESTS_FULL', clock);
    await bob.api.setTier({ contact: 'alice', tier: 'bounded' }, { signal });
    await comesTo(alice, bob, 'requested-out request delivered', clock);
    await approve(bob, alice);
    await expectPeers(alice, bob, clock);
    await talk(alice, bob, clock);
  });

  test('blocked a peer: unblocked, both go on without another request', async () => {
    const [alice, bob] = await peers();
    await bob.api.block({ contact: 'alice' }, { signal });
    await reachesRefused(alice, await send(alice, 'bob', 'into the void'));
    expect(await standing(alice, bob)).toBe('trusted message NOT_TRUSTED');
    await bob.api.setTier({ contact: 'alice', tier: 'bounded' }, { signal });
    await expectPeers(alice, bob, clock);
    await talk(alice, bob, clock);
  });

  test('unblocked a peer that had removed it meanwhile: it says that the trust is one-sided', async () => {
    const [alice, bob] = await peers();
    await bob.api.block({ contact: 'alice' }, { signal });
    await alice.api.remove({ contact: 'bob' }, { signal });
    await bob.api.setTier({ contact: 'alice', tier: 'bounded' }, { signal });
    await comesTo(bob, alice, 'trusted accept refused accept NOT_TRUSTED', clock);
    await ask(alice, bob);
    await expectPeers(alice, bob, clock);
    await talk(alice, bob, clock);
  });

  test('approved, and was then blocked by the asker: nobody learns of the block', async () => {
    const [alice, bob] = await two();
    await ask(alice, bob);
    await arrives(alice, bob);
    await alice.api.block({ contact: 'bob' }, { signal });
    await approve(bob, alice);
    await comesTo(bob, alice, 'trusted accept refused accept NOT_TRUSTED', clock);
    expect(await standing(alice, bob)).toBe('blocked');
  });
});
