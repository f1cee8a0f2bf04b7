import { afterEach, describe, expect, test } from 'vitest';
import { toMeshError } from '#kernel';
import { Circle } from '../support/budget-story.ts';
import { ManualClock } from '../support/manual-clock.ts';
import type { MemoryNode } from '../support/memory-node.ts';
import { allReach, MemoryStory, numbered, sendAll, turns } from '../support/memory-story.ts';
import { codeOfRejection, until } from '../support/story.ts';
import { signal } from '../support/test-agents.ts';

let story = new MemoryStory();
let clock = new ManualClock();

afterEach(async () => {
  await story[Symbol.asyncDispose]();
  story = new MemoryStory();
  clock = new ManualClock();
});

const hour = 3_600_000;
const usual = { receiptDelayMs: 0, deferredWriteMs: 0 };

interface Rates {
  readonly trustedTurnsPerHour?: number;
  readonly conversationTurnsPerHour?: number;
  readonly programRootsPerHour?: number;
}

const circleWith = (rates: Rates): Promise<Circle> =>
  Circle.start(story, ['alice', 'bob'], { clock, limits: usual, config: { rates }, program: () => {} });

const warnings = async (node: MemoryNode): Promise<readonly string[]> =>
  (await node.api.status({}, { signal })).warnings
    .filter(({ code }) => code === 'TURN_LIMIT')
    .map(({ message }) => message);

const texts = (circle: Circle): readonly string[] => circle.turns.map(({ message }) => message.payload.body);

describe('turns of a trusted contact', () => {
  test('are so many an hour; the rest waits, is shown, and goes on by itself in order', async () => {
    const circle = await circleWith({ trustedTurnsPerHour: 3 });
    const [alice, bob] = [circle.named('alice'), circle.named('bob')];
    const ids = await sendAll(alice, 'bob', numbered('m', 5));
    await allReach([alice, bob], { from: alice, ids });
    await until(() => circle.turns.length === 3);
    await turns();
    expect(texts(circle)).toEqual(['m0', 'm1', 'm2']);
    expect(await warnings(bob)).toEqual(['Messages of alice wait: its 3 turns of an hour are used up']);
    clock.jump(hour);
    await clock.advance(60_000);
    await until(() => circle.turns.length === 5);
    expect(texts(circle)).toEqual(numbered('m', 5));
    expect(await warnings(bob)).toEqual([]);
  });

  test('have no bound in a node that a program embeds, and none for the owner', async () => {
    const circle: Circle = await Circle.start(story, ['alice', 'bob'], {
      clock,
      limits: { ...usual, trustedTurnsPerHour: 1 },
      program: () => {},
    });
    await sendAll(circle.named('alice'), 'bob', numbered('m', 3));
    await until(() => circle.turns.length === 3);
    expect(await warnings(circle.named('bob'))).toEqual([]);
    const bounded = await circleWithNames(['carol', 'dave'], { trustedTurnsPerHour: 1 });
    await bounded.named('dave').api.setTier({ contact: 'carol', tier: 'owner' }, { signal });
    await sendAll(bounded.named('carol'), 'dave', numbered('m', 3));
    await until(() => bounded.turns.length === 3);
    expect(await warnings(bounded.named('dave'))).toEqual([]);
  });
});

const circleWithNames = (names: readonly string[], rates: Rates): Promise<Circle> =>
  Circle.start(story, names, { clock, limits: usual, config: { rates }, program: () => {} });

describe('turns of a conversation', () => {
  test('are so many an hour, while other conversations go on', async () => {
    const circle = await circleWith({ conversationTurnsPerHour: 2 });
    const [alice, bob] = [circle.named('alice'), circle.named('bob')];
    const { id: replyTo } = await bob.api.send({ to: 'alice', text: 'hello' }, { signal });
    await allReach([alice, bob], { from: bob, ids: [replyTo] });
    circle.turns.length = 0;
    for (const text of numbered('again', 4)) await alice.api.send({ to: 'bob', text, replyTo, root: true }, { signal });
    const [other = ''] = await sendAll(alice, 'bob', ['something else']);
    await allReach([alice, bob], { from: alice, ids: [other] });
    await until(() => circle.turns.length === 3);
    await turns();
    expect(texts(circle)).toEqual(['again0', 'again1', 'something else']);
    const [warning = ''] = await warnings(bob);
    expect(warning).toContain('A conversation with alice has had its 2 turns of an hour');
    const waiting = (await bob.api.inbox({ unread: true }, { signal })).messages.filter(({ state }) => state === 'new');
    expect(waiting.map(({ body, attempts, seenAt }) => ({ body, attempts, seenAt }))).toEqual([
      { body: 'again3', attempts: 0, seenAt: undefined },
      { body: 'again2', attempts: 0, seenAt: undefined },
    ]);
    clock.jump(hour + 1000);
    await clock.advance(60_000);
    await until(() => circle.turns.length === 5);
    expect(texts(circle).slice(3)).toEqual(['again2', 'again3']);
    expect(circle.turns.every(({ attempt }) => attempt === 1)).toBe(true);
  });
});

describe('messages that programs begin with', () => {
  test('are so many an hour to one contact; a person and what is caused by a message are not counted', async () => {
    const circle = await circleWithNames(['alice', 'bob', 'carol'], { programRootsPerHour: 2 });
    const [alice, bob] = [circle.named('alice'), circle.named('bob')];
    const { id } = await bob.api.send({ to: 'alice', text: 'do something' }, { signal });
    await until(() => circle.turns.length === 1);
    const send = (more: { root?: true; causedBy?: string; to?: string; dryRun?: boolean } = {}) =>
      alice.api.send({ to: 'bob', text: 'tick', ...more }, { signal });
    expect(await codeOfRejection(send({ dryRun: true }))).toBe('no error');
    expect([await codeOfRejection(send()), await codeOfRejection(send())]).toEqual(['no error', 'no error']);
    const error = toMeshError(await send().catch((caught: unknown) => caught));
    expect(error).toMatchObject({ code: 'RATE_LIMITED', data: { retryAfterMs: hour / 2 } });
    for (const more of [{ root: true as const }, { causedBy: id }, { to: 'carol' }])
      expect(await codeOfRejection(send(more))).toBe('no error');
    await clock.advance(hour / 2);
    expect(await codeOfRejection(send())).toBe('no error');
  });
});
