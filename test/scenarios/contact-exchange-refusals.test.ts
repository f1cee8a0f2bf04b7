import { afterEach, describe, expect, test } from 'vitest';
import { systemRandom } from '#kernel';
import { decodeInvite, encodeInvite } from '#protocol';
import {
  approve,
  areMutual,
  arrives,
  ask,
  expectPeers,
  comesTo,
  seenBy,
  standing,
  talk,
  waitingAt,
} from '../support/exchange-story.ts';
import { writing } from '../support/faulty-store.ts';
import { ManualClock } from '../support/manual-clock.ts';
import type { MemoryNode, MemoryNodeOptions } from '../support/memory-node.ts';
import { MemoryStory } from '../support/memory-story.ts';
import { codeOfRejection, patient } from '../support/story.ts';
import { eventually, signal } from '../support/test-agents.ts';

let story = new MemoryStory();
let clock = new ManualClock();

afterEach(async () => {
  await story[Symbol.asyncDispose]();
  story = new MemoryStory();
  clock = new ManualClock();
});

const start = (name: string, options: Partial<MemoryNodeOptions> = {}): Promise<MemoryNode> =>
  story.start(name, { clock, ...options, limits: { ...patient, ...options.limits } });

const minute = 60_000;
const hour = 60 * minute;

const warningsOf = async (node: MemoryNode) => (await node.api.status({}, { signal })).warnings;
const shownOf = async (node: MemoryNode) => (await node.api.requests({}, { signal })).requests;

describe('a request that is refused for now', () => {
  test('by a full disk is repeated until it is taken, and says so meanwhile', async () => {
    const [alice, bob] = [await start('alice'), await start('bob')];
    void bob.store.refuse(writing('contacts.put'), { times: 1_000_000 });
    const asked = await ask(alice, bob);
    expect(asked).toMatchObject({ state: 'requested-out', exchange: { step: 'request', state: 'under-way' } });
    await comesTo(alice, bob, 'requested-out request under-way request STORE_FULL', clock);
    expect(await shownOf(alice)).toMatchObject([
      {
        delivered: false,
        refusal: {
          message: 'bob cannot store the request now: its disk is full',
          hint: 'The request is kept and goes on by itself.',
        },
      },
    ]);
    expect(await warningsOf(alice)).toContainEqual(expect.objectContaining({ code: 'STORE_FULL' }));
    await clock.advance(minute);
    expect(await waitingAt(bob, alice)).toBeUndefined();

    bob.store.heal();
    await comesTo(alice, bob, 'requested-out request delivered', clock);
    expect(await warningsOf(alice)).not.toContainEqual(expect.objectContaining({ code: 'STORE_FULL' }));
    await approve(bob, alice);
    await expectPeers(alice, bob, clock);
    await talk(alice, bob, clock);
  });

  test('because too many ask is repeated, and taken when its turn comes', async () => {
    const bob = await start('bob', { limits: { maxNewRequestsPerHour: 1 } });
    const [carol, alice] = [await start('carol'), await start('alice')];
    await ask(carol, bob);
    await arrives(carol, bob);
    await ask(alice, bob);
    await comesTo(alice, bob, 'requested-out request under-way request REQUESTS_FULL', clock);
    expect((await seenBy(alice, bob))?.refusal).toMatchObject({
      message: 'bob takes no more contact requests now',
      hint: 'An invite from its owner is taken at once. The request is kept and goes on by itself.',
    });
    await clock.advance(hour);
    await comesTo(alice, bob, 'requested-out request delivered', clock);
    await approve(bob, alice);
    await expectPeers(alice, bob, clock);
  });

  test('because the node has as many links as it takes is repeated', async () => {
    const bob = await start('bob', { limits: { maxLinks: 1 } });
    const [carol, alice] = [await start('carol'), await start('alice')];
    await ask(carol, bob);
    await arrives(carol, bob);
    await ask(alice, bob);
    await eventually([alice], async () => {
      await clock.advance(100);
      return (await seenBy(alice, bob))?.lastError?.code === 'RATE_LIMITED';
    });
    expect(await standing(alice, bob)).toBe('requested-out request under-way');
    expect(await warningsOf(alice)).toContainEqual(
      expect.objectContaining({
        code: 'RATE_LIMITED',
        message: expect.stringContaining('The request to bob has not arrived yet'),
      }),
    );
    await carol.down();
    await comesTo(alice, bob, 'requested-out request delivered', clock);
  });
});

describe('an acceptance that is refused for now', () => {
  test('is repeated until it is taken; meanwhile the approval stands and is not yet known', async () => {
    const [alice, bob] = [await start('alice'), await start('bob')];
    await ask(alice, bob);
    await arrives(alice, bob);
    void alice.store.refuse(writing('contacts.put'), { times: 1_000_000 });
    const approved = await approve(bob, alice);
    expect(approved).toMatchObject({ state: 'trusted', exchange: { step: 'accept', state: 'under-way' } });
    await comesTo(bob, alice, 'trusted accept under-way accept STORE_FULL', clock);
    expect(await warningsOf(bob)).toContainEqual({
      code: 'STORE_FULL',
      message: 'alice cannot store the acceptance now: its disk is full',
      hint: 'The acceptance is kept and goes on by itself.',
    });
    await clock.advance(minute);
    expect(await standing(alice, bob)).toBe('requested-out request delivered');
    alice.store.heal();
    await expectPeers(alice, bob, clock);
    await talk(alice, bob, clock);
  });

  test('does not make the approval fail for a person who waits for it', async () => {
    const [alice, bob] = [await start('alice'), await start('bob')];
    await ask(alice, bob);
    await arrives(alice, bob);
    void alice.store.refuse(writing('contacts.put'), { times: 1_000_000 });
    const waiting = bob.api.approve({ id: 'alice', waitMs: 5000 }, { signal });
    await comesTo(bob, alice, 'trusted accept under-way accept STORE_FULL');
    await clock.advance(5000);
    expect(await waiting).toMatchObject({ state: 'trusted', refusal: { of: 'accept', code: 'STORE_FULL' } });
  });
});

describe('a refusal for good', () => {
  test('of an unknown invite is told to who waits, and to who looks later', async () => {
    const [alice, bob] = [await start('alice'), await start('bob')];
    const { invite } = await bob.api.invite({}, { signal });
    const guessed = encodeInvite({ ...decodeInvite(invite), secret: systemRandom.bytes(16) });
    expect(await codeOfRejection(alice.api.join({ invite: guessed }, { signal }))).toBe('INVITE_INVALID');
    expect(await standing(alice, bob)).toBe('requested-out request refused request INVITE_INVALID');
    const told = {
      code: 'INVITE_INVALID',
      message: 'bob does not know this invite',
      hint: 'Ask its owner for a new one and run: mesh join INVITE, or give it up: mesh remove bob',
    };
    expect(await shownOf(alice)).toMatchObject([{ delivered: false, refusal: told }]);
    expect(await warningsOf(alice)).toContainEqual(told);

    story.wire.clear();
    await alice.down();
    await alice.up();
    await clock.advance(hour);
    expect(story.wire.framesOf('alice')).toEqual([]);

    await alice.api.join({ invite, waitMs: 0 }, { signal });
    await expectPeers(alice, bob, clock);
    await talk(alice, bob, clock);
  });

  test('of an acceptance, because the request was withdrawn, leaves trust on one side, which says so', async () => {
    const [alice, bob] = [await start('alice'), await start('bob')];
    await ask(alice, bob);
    await arrives(alice, bob);
    await alice.api.remove({ contact: 'bob' }, { signal });
    await approve(bob, alice);
    await comesTo(bob, alice, 'trusted accept refused accept NOT_TRUSTED', clock);
    expect(await seenBy(alice, bob)).toBeUndefined();
    expect(await warningsOf(bob)).toContainEqual({
      code: 'NOT_TRUSTED',
      message: 'alice does not wait for an answer any more: it withdrew its request',
      hint: 'Ask it for trust: mesh request http://alice.test, or give it up: mesh remove alice',
    });
    story.wire.clear();
    await clock.advance(hour);
    expect(story.wire.framesOf('bob')).toEqual([]);

    await ask(bob, alice);
    await arrives(bob, alice, clock);
    await approve(alice, bob);
    await expectPeers(alice, bob, clock);
    await talk(alice, bob, clock);
  });

  test('of an invite does not undo the trust that came by another way meanwhile', async () => {
    const [alice, bob] = [await start('alice'), await start('bob')];
    const { invite } = await bob.api.invite({ expiresInMs: 1000 }, { signal });
    await clock.advance(2000);
    story.wire.pause('bob');
    await alice.api.join({ invite, waitMs: 0 }, { signal });
    await ask(bob, alice);
    story.wire.resume('bob');
    await expectPeers(alice, bob, clock);
    await clock.advance(minute);
    expect(await areMutual(alice, bob)).toBe(true);
    await talk(alice, bob, clock);
  });
});

describe('a rejection', () => {
  test('tells the asker nothing, and the same request does not come before the person again', async () => {
    const [alice, bob] = [await start('alice'), await start('bob')];
    await ask(alice, bob, 'first');
    await arrives(alice, bob);
    await bob.api.reject({ id: 'alice' }, { signal });
    for (const node of [alice, bob]) {
      story.wire.clear();
      await node.down();
      await node.up();
      await eventually([alice, bob], async () => {
        await clock.advance(1000);
        return story.wire.answersOf('bob').length > 0;
      });
      expect(story.wire.framesOf('alice')).toMatchObject([{ frame: { kind: 'request' } }]);
      expect(await standing(alice, bob)).toBe('requested-out request delivered');
    }
    expect(await shownOf(bob)).toEqual([]);
    expect(await seenBy(bob, alice)).toBeUndefined();

    await clock.advance(minute);
    await ask(alice, bob, 'second');
    const second = await eventually([alice, bob], async () => {
      await clock.advance(100);
      return waitingAt(bob, alice);
    });
    expect(second).toMatchObject({ purpose: 'second' });
    await approve(bob, alice);
    await expectPeers(alice, bob, clock);
  });

  test('is over when the one who rejected asks, as the other still does', async () => {
    const [alice, bob] = [await start('alice'), await start('bob')];
    await ask(alice, bob);
    await arrives(alice, bob);
    await bob.api.reject({ id: 'alice' }, { signal });
    await ask(bob, alice);
    await expectPeers(alice, bob, clock);
    await talk(alice, bob, clock);
  });
});
