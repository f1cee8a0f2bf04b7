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
import { leave, MemoryStory, turns } from '../support/memory-story.ts';
import { codeOfRejection, patient } from '../support/story.ts';
import { signal } from '../support/test-agents.ts';

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;

let story = new MemoryStory();
let clock = new ManualClock();

afterEach(async () => {
  await story[Symbol.asyncDispose]();
  story = new MemoryStory();
  clock = new ManualClock();
});

/** Alice asked Bob, whose owner did not look yet. */
async function asked(): Promise<readonly [MemoryNode, MemoryNode]> {
  const options = { clock, limits: patient };
  const alice = await story.start('alice', options);
  const bob = await story.start('bob', options);
  await ask(alice, bob);
  await arrives(alice, bob);
  return [alice, bob];
}

/** Time goes by, with everything in it that nodes do from time to time. */
async function pass(ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= hour) {
    clock.jump(Math.min(left, hour) - minute);
    await clock.advance(minute);
    await turns(3);
  }
}

const warningsOf = async (node: MemoryNode) => (await node.api.status({}, { signal })).warnings;

describe('an approval while the asker is away', () => {
  test('for longer than all quick attempts is told at once when it comes back', async () => {
    const [alice, bob] = await asked();
    await leave(alice, bob);
    await approve(bob, alice);
    await pass(2 * hour);
    expect(await standing(bob, alice)).toBe('trusted accept under-way');
    const shown = await seenBy(bob, alice);
    expect(shown).toMatchObject({ link: 'down', lastError: { code: 'UNREACHABLE' } });
    expect(shown?.retryAt).toBeLessThanOrEqual(clock.now() + bob.limits.breakerMaxCooldownMs);
    expect(await warningsOf(bob)).toContainEqual({
      code: 'UNREACHABLE',
      message: 'alice does not know yet that it is trusted: Nothing listens there',
      hint: 'It is tried again by itself. Check that its node runs and its address is right. To give up: mesh remove alice',
    });
    await alice.up();
    await expectPeers(alice, bob);
    expect(await warningsOf(bob)).toEqual([]);
    await talk(alice, bob, clock);
  });

  test('for days, within the time of both, is told when it comes back', async () => {
    const [alice, bob] = await asked();
    await leave(alice, bob);
    await pass(3 * day);
    await approve(bob, alice);
    await pass(3 * day);
    await alice.up();
    await expectPeers(alice, bob);
    await talk(alice, bob, clock);
  });

  test('until the request is over: a late answer still counts', async () => {
    const [alice, bob] = await asked();
    await leave(alice, bob);
    await pass(3 * day);
    await approve(bob, alice);
    await pass(6 * day);
    expect(await standing(bob, alice)).toBe('trusted accept under-way');
    story.wire.pause('bob');
    await alice.up();
    expect(await standing(alice, bob)).toBe('requested-out request expired');
    story.wire.resume('bob');
    await expectPeers(alice, bob);
    await talk(alice, bob, clock);
  });

  test('until the acceptance is over too: nobody is called any more, both say so, and it is told when the two meet', async () => {
    const [alice, bob] = await asked();
    await leave(alice, bob);
    await approve(bob, alice);
    await pass(9 * day);
    expect(await standing(bob, alice)).toBe('trusted accept expired');
    expect(await warningsOf(bob)).toContainEqual({
      code: 'UNREACHABLE',
      message: 'alice does not know that it is trusted: it could not be told in time',
      hint: 'It is told when the two nodes meet. Check that its node runs. To give up: mesh remove alice',
    });
    await bob.down();
    await bob.up();
    await pass(day);
    expect(await standing(bob, alice)).toBe('trusted accept expired');

    await alice.up();
    await expectPeers(alice, bob, clock);
    await talk(alice, bob, clock);
  });

  test('and then written to: the message brings the acceptance along', async () => {
    const [alice, bob] = await asked();
    await leave(alice, bob);
    await approve(bob, alice);
    await pass(9 * day);
    story.wire.hidden.add('bob');
    await alice.up();
    await clock.advance(minute);
    expect(await standing(bob, alice)).toBe('trusted accept expired');
    expect(await standing(alice, bob)).toBe('requested-out request expired');
    await talk(bob, alice, clock);
    await expectPeers(alice, bob, clock);
  });
});

describe('a request that nobody decides about', () => {
  test('is over after its time: it is not asked any more, and says what to do', async () => {
    const [alice, bob] = await asked();
    await pass(8 * day);
    expect(await standing(alice, bob)).toBe('requested-out request expired');
    expect(await warningsOf(alice)).toContainEqual({
      code: 'ANSWER_TIMEOUT',
      message: 'bob did not answer the contact request in time and is not asked any more',
      hint: 'Ask again: mesh request http://bob.test, or give it up: mesh remove bob',
    });
    expect(await codeOfRejection(alice.api.send({ to: 'bob', text: 'hello?' }, { signal }))).toBe('NOT_TRUSTED');
    story.wire.clear();
    await alice.down();
    await alice.up();
    await pass(day);
    expect(story.wire.framesOf('alice')).toEqual([]);

    await ask(alice, bob, 'once more');
    await comesTo(alice, bob, 'requested-out request delivered', clock);
    expect(await waitingAt(bob, alice)).toMatchObject({ purpose: 'once more' });
    await approve(bob, alice);
    await expectPeers(alice, bob, clock);
  });

  test('and is approved after that makes both peers all the same', async () => {
    const [alice, bob] = await asked();
    await pass(8 * day);
    await approve(bob, alice);
    await expectPeers(alice, bob, clock);
    await talk(alice, bob, clock);
  });

  test('and was withdrawn meanwhile leaves no trust behind at the one who asked', async () => {
    const [alice, bob] = await asked();
    await pass(8 * day);
    await alice.api.remove({ contact: 'bob' }, { signal });
    await approve(bob, alice);
    await comesTo(bob, alice, 'trusted accept refused accept NOT_TRUSTED', clock);
    expect(await seenBy(alice, bob)).toBeUndefined();
  });
});

describe('a request to somebody who is away', () => {
  test('and is made again when it is back does not wait for the next attempt', async () => {
    const options = { clock, limits: patient };
    const [alice, bob] = [await story.start('alice', options), await story.start('bob', options)];
    const target = { ...bob.host.agent.card() };
    await bob.down();
    await alice.api.request({ target }, { signal });
    await clock.advance(hour);
    await turns();
    expect((await seenBy(alice, bob))?.breaker).toBe('open');
    await bob.up();
    await alice.api.request({ target }, { signal });
    await arrives(alice, bob);
  });

  test('for days arrives when it comes back', async () => {
    const options = { clock, limits: patient };
    const [alice, bob] = [await story.start('alice', options), await story.start('bob', options)];
    const target = { ...bob.host.agent.card() };
    await bob.down();
    await alice.api.request({ target }, { signal });
    await pass(6 * day);
    expect(await standing(alice, bob)).toBe('requested-out request under-way');
    expect(await warningsOf(alice)).toContainEqual(
      expect.objectContaining({ message: 'The request to bob has not arrived yet: Nothing listens there' }),
    );
    await bob.up();
    await clock.advance(alice.limits.breakerMaxCooldownMs);
    await comesTo(alice, bob, 'requested-out request delivered', clock);
    await approve(bob, alice);
    await expectPeers(alice, bob, clock);
  });
});
