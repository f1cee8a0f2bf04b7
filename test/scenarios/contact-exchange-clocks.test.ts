import { afterEach, describe, expect, test } from 'vitest';
import { toMeshError } from '#kernel';
import { approve, arrives, ask, expectPeers, comesTo, seenBy, standing, talk } from '../support/exchange-story.ts';
import { ManualClock } from '../support/manual-clock.ts';
import type { MemoryNode } from '../support/memory-node.ts';
import { MemoryStory } from '../support/memory-story.ts';
import { SkewedClock } from '../support/skewed-clock.ts';
import { codeOfRejection, patient } from '../support/story.ts';
import { signal } from '../support/test-agents.ts';

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

let story = new MemoryStory();
let clock = new ManualClock();

afterEach(async () => {
  await story[Symbol.asyncDispose]();
  story = new MemoryStory();
  clock = new ManualClock();
});

/** Alice, whose clock is ahead by so much (or behind), and Bob, whose clock is right. */
async function skewed(ms: number): Promise<{ alice: MemoryNode; bob: MemoryNode; watch: SkewedClock }> {
  const watch = new SkewedClock(clock, ms);
  const limits = patient;
  return {
    alice: await story.start('alice', { clock: watch, limits }),
    bob: await story.start('bob', { clock, limits }),
    watch,
  };
}

const wrong = [
  ['behind', -10 * minute, 'TIMESTAMP_STALE', 'The clock here is more than 300 s behind that of bob'],
  ['ahead', 10 * minute, 'TIMESTAMP_FUTURE', 'The clock here is more than 60 s ahead of that of bob'],
  ['behind by months', -90 * day, 'TIMESTAMP_STALE', 'The clock here is more than 300 s behind that of bob'],
  ['ahead by months', 90 * day, 'TIMESTAMP_FUTURE', 'The clock here is more than 60 s ahead of that of bob'],
] as const;

const askAndWait = (alice: MemoryNode, bob: MemoryNode): Promise<unknown> =>
  alice.api.request({ target: { ...bob.host.agent.card() }, waitMs: minute }, { signal });

describe('a clock that is wrong', () => {
  test.each(wrong)(
    '(%s) is told to the one who asks, and the request goes on when it is right',
    async (_how, ms, code, message) => {
      const { alice, bob, watch } = await skewed(ms);
      const error = await askAndWait(alice, bob).then(() => undefined, toMeshError);
      const hint = 'Set the clocks of both machines right. The request is kept and goes on by itself.';
      expect(error).toMatchObject({ code, message, hint });
      expect(await standing(alice, bob)).toBe(`requested-out request under-way request ${code}`);
      expect((await alice.api.status({}, { signal })).warnings).toContainEqual({ code, message, hint });
      await clock.advance(hour);
      expect(await standing(alice, bob)).toBe(`requested-out request under-way request ${code}`);
      expect((await bob.api.requests({}, { signal })).requests).toEqual([]);

      watch.skewMs = 0;
      // No later than the longest pause between two attempts.
      await clock.advance(alice.limits.breakerMaxCooldownMs + second);
      await comesTo(alice, bob, 'requested-out request delivered', clock);
      expect((await seenBy(alice, bob))?.exchange?.until).toBeGreaterThan(clock.now() + 6 * day);
      await approve(bob, alice);
      await expectPeers(alice, bob, clock);
      await talk(alice, bob, clock);
    },
  );

  test.each([
    ['behind', -299 * second],
    ['ahead', 59 * second],
  ])('by less than is allowed (%s) hinders nothing', async (_how, ms) => {
    const { alice, bob } = await skewed(ms);
    await ask(alice, bob);
    await arrives(alice, bob);
    expect(await standing(alice, bob)).toBe('requested-out request delivered');
  });

  test.each(wrong)(
    '(%s) after the request is told to the one who approves, and the acceptance goes on',
    async (_how, ms) => {
      const { alice, bob, watch } = await skewed(0);
      await ask(alice, bob);
      await arrives(alice, bob);
      watch.skewMs = ms;
      await approve(bob, alice);
      const code = ms < 0 ? 'TIMESTAMP_FUTURE' : 'TIMESTAMP_STALE';
      await comesTo(bob, alice, `trusted accept under-way accept ${code}`, clock);
      watch.skewMs = 0;
      await clock.advance(bob.limits.breakerMaxCooldownMs + second);
      await expectPeers(alice, bob, clock);
      await talk(alice, bob, clock);
    },
  );
});

describe('an invite and a clock that is wrong', () => {
  test('by which it is over: the clock of the one who made it counts, once the other is right', async () => {
    const { alice, bob, watch } = await skewed(2 * day);
    const { invite } = await bob.api.invite({}, { signal });
    expect(await codeOfRejection(alice.api.join({ invite, waitMs: minute }, { signal }))).toBe('TIMESTAMP_FUTURE');
    expect(await standing(alice, bob)).toBe('requested-out request under-way request TIMESTAMP_FUTURE');
    watch.skewMs = 0;
    await clock.advance(alice.limits.breakerMaxCooldownMs + second);
    await expectPeers(alice, bob, clock);
    await talk(alice, bob, clock);
  });

  test('by which it is valid: it is over all the same', async () => {
    const { alice, bob, watch } = await skewed(-2 * day);
    const { invite } = await bob.api.invite({}, { signal });
    await clock.advance(25 * hour);
    expect(await codeOfRejection(alice.api.join({ invite, waitMs: minute }, { signal }))).toBe('TIMESTAMP_STALE');
    watch.skewMs = 0;
    await clock.advance(alice.limits.breakerMaxCooldownMs + second);
    await comesTo(alice, bob, 'requested-out request refused request INVITE_EXPIRED', clock);
    expect(await seenBy(bob, alice)).toBeUndefined();
  });

  test.each([
    ['behind', -200 * second, -100 * second, 'INVITE_EXPIRED'],
    ['ahead', 50 * second, 30 * second, 'trusted'],
  ])('a little %s: whoever made it decides', async (_how, ms, leftMs, expected) => {
    const { alice, bob } = await skewed(ms);
    const { invite, expiresAt } = await bob.api.invite({ expiresInMs: hour }, { signal });
    await clock.advance(expiresAt - clock.now() - leftMs);
    const joined = alice.api.join({ invite, waitMs: minute }, { signal });
    expect(
      await joined.then(
        ({ state }) => state,
        (error: unknown) => toMeshError(error).code,
      ),
    ).toBe(expected);
  });
});
