import { afterEach, describe, expect, test } from 'vitest';
import { ManualClock } from '../support/manual-clock.ts';
import type { MemoryNode } from '../support/memory-node.ts';
import { allReach, MemoryStory, numbered, sendAll, turns } from '../support/memory-story.ts';
import { reaches, send, stateOf, until } from '../support/story.ts';
import { eventually, handledBy, pair, signal } from '../support/test-agents.ts';

let story = new MemoryStory();
let handled: string[] = [];

afterEach(async () => {
  await story[Symbol.asyncDispose]();
  story = new MemoryStory();
  handled = [];
});

const day = 24 * 3600 * 1000;
const noting = () => handledBy(({ message }) => void handled.push(message.payload.body));

const setTier = (
  node: MemoryNode,
  contact: string,
  tier: 'notify' | 'bounded' | 'trusted',
  messageTypes?: 'request'[],
) => node.api.setTier({ contact, tier, ...(messageTypes === undefined ? {} : { messageTypes }) }, { signal });

const warnings = async (node: MemoryNode): Promise<readonly string[]> =>
  (await node.api.status({}, { signal })).warnings
    .filter(({ code }) => code === 'TURN_LIMIT')
    .map(({ message }) => message);

const stateHere = async (node: MemoryNode, id: string): Promise<string> =>
  (await node.api.message({ id }, { signal })).state;

describe('messages of a contact', () => {
  test('of the tier notify are stored and start no turn; raising the tier releases them', async () => {
    const [alice, bob] = await story.friends({ bob: { runtime: noting() } });
    await setTier(bob, 'alice', 'notify');
    handled = [];
    const ids = await sendAll(alice, 'bob', numbered('m', 3));
    await allReach([alice, bob], { from: alice, ids });
    await turns();
    expect(handled).toEqual([]);
    expect(await stateOf(alice, ids[0] ?? '')).toBe('delivered');
    expect(await stateHere(bob, ids[0] ?? '')).toBe('new');
    expect(await warnings(bob)).toEqual([]);
    await setTier(bob, 'alice', 'trusted');
    await until(() => handled.length === 3);
    expect(handled).toEqual(numbered('m', 3));
    await reaches([alice, bob], { from: alice, id: ids[2] ?? '', state: 'seen' });
  });

  test('of the tier bounded start so many turns a day, the rest waits and the owner is told TURN_LIMIT', async () => {
    const clock = new ManualClock();
    const limits = { boundedTurnsPerDay: 4, receiptDelayMs: 0, deferredWriteMs: 0 };
    const [alice, bob] = await story.friends({ alice: { clock, limits }, bob: { clock, limits, runtime: noting() } });
    await setTier(bob, 'alice', 'bounded');
    handled = [];
    const ids = await sendAll(alice, 'bob', numbered('m', 10));
    await allReach([alice, bob], { from: alice, ids });
    // One turn of today was used for the first hello.
    await until(() => handled.length === 3);
    await turns();
    expect(handled).toEqual(numbered('m', 3));
    expect(await warnings(bob)).toEqual(['Messages of alice wait: its 4 turns of 24 hours are used up']);
    expect(await stateHere(bob, ids[9] ?? '')).toBe('new');
    clock.jump(day);
    // It is looked at again once a minute.
    await clock.advance(60_000);
    await until(() => handled.length === 7);
    await turns();
    expect(handled).toEqual(numbered('m', 7));
    await setTier(bob, 'alice', 'trusted');
    await until(() => handled.length === 10);
    expect(await warnings(bob)).toEqual([]);
    await reaches([alice, bob], { from: alice, id: ids[9] ?? '', state: 'seen' });
  });

  test('do not take the turns of others: bounded and trusted ones are offered side by side in order of arrival', async () => {
    const bob = await story.start('bob', { runtime: noting(), limits: { boundedTurnsPerDay: 2 } });
    const [alice, carol] = [await story.start('alice'), await story.start('carol')];
    await pair(bob, alice, 'trusted');
    await pair(bob, carol, 'bounded');
    let release = (): void => {};
    const gate = new Promise<void>((resolve) => (release = resolve));
    const slow = handledBy(async ({ message }) => {
      await gate;
      handled.push(message.payload.body);
    });
    await bob.down();
    bob.runtime = slow;
    await bob.up();
    const sent: [MemoryNode, string][] = [];
    for (const [from, text] of [
      [alice, 'a0'],
      [carol, 'c0'],
      [alice, 'a1'],
      [carol, 'c1'],
      [carol, 'c2'],
      [alice, 'a2'],
    ] as const) {
      const id = await send(from, 'bob', text);
      sent.push([from, id]);
      await allReach([from, bob], { from, ids: [id] });
    }
    release();
    await until(() => handled.length === 5);
    await turns();
    expect(handled).toEqual(['a0', 'c0', 'a1', 'c1', 'a2']);
    expect(await warnings(bob)).toEqual(['Messages of carol wait: its 2 turns of 24 hours are used up']);
  });

  test('that was removed start no turn any more, and stay in the inbox', async () => {
    const bob = await story.start('bob', { runtime: noting() });
    const alice = await story.start('alice');
    await pair(bob, alice, 'trusted');
    await setTier(bob, 'alice', 'notify');
    const ids = await sendAll(alice, 'bob', numbered('m', 2));
    await allReach([alice, bob], { from: alice, ids });
    await bob.api.remove({ contact: 'alice' }, { signal });
    bob.host.runner.wake();
    await turns();
    expect(handled).toEqual([]);
    const { messages } = await bob.api.inbox({}, { signal });
    expect(messages.map(({ state, body }) => `${body} ${state}`)).toEqual(['m1 new', 'm0 new']);
  });
});

describe('permissions', () => {
  test('by type refuse what the contact may not send, and the sender is told so', async () => {
    const [alice, bob] = await story.friends({ bob: { runtime: noting() } });
    await setTier(bob, 'alice', 'trusted', ['request']);
    handled = [];
    const say = async (type: 'request' | 'notification' | 'alert'): Promise<string> =>
      (await alice.api.send({ to: 'bob', text: type, type }, { signal })).id;
    const [request, notification, alert] = [await say('request'), await say('notification'), await say('alert')];
    await reaches([alice, bob], { from: alice, id: notification, state: 'refused' });
    await reaches([alice, bob], { from: alice, id: alert, state: 'refused' });
    await eventually([alice, bob], async () => ['seen', 'answered'].includes(await stateOf(alice, request)));
    const { reason, steps } = await alice.api.track({ id: alert }, { signal });
    expect(reason).toBe('NOT_PERMITTED');
    expect(steps.at(-1)).toMatchObject({ state: 'refused', by: 'peer' });
    expect(handled).toEqual(['request']);
  });

  test('by size refuse larger attachments and let smaller ones through', async () => {
    const [alice, bob] = await story.friends();
    await bob.api.setTier({ contact: 'alice', tier: 'trusted', maxAttachmentBytes: 100 }, { signal });
    const file = (bytes: number) => [
      { name: 'f', mediaType: 'text/plain', base64: Buffer.alloc(bytes).toString('base64') },
    ];
    const small = await alice.api.send({ to: 'bob', text: 'small', attachments: file(100) }, { signal });
    const large = await alice.api.send({ to: 'bob', text: 'large', attachments: file(101) }, { signal });
    await allReach([alice, bob], { from: alice, ids: [small.id] });
    await reaches([alice, bob], { from: alice, id: large.id, state: 'refused' });
    expect((await alice.api.track({ id: large.id }, { signal })).reason).toBe('ATTACHMENT_TOO_LARGE');
  });
});
