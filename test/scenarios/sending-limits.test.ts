import { afterEach, describe, expect, test } from 'vitest';
import type { NodeEvent } from '#node';
import { ManualClock } from '../support/manual-clock.ts';
import type { MemoryNode } from '../support/memory-node.ts';
import { allReach, leave, MemoryStory, numbered, sendAll, turns } from '../support/memory-story.ts';
import { codeOfRejection, inboxTexts, reaches, send, stateOf, until } from '../support/story.ts';
import { eventually, signal } from '../support/test-agents.ts';

let story = new MemoryStory();

afterEach(async () => {
  await story[Symbol.asyncDispose]();
  story = new MemoryStory();
});

/** Nothing waits for the clock that is not about the test. */
const atOnce = { receiptDelayMs: 0, deferredWriteMs: 0 };

async function friendsInTime(clock: ManualClock): Promise<readonly [MemoryNode, MemoryNode]> {
  return story.friends({ alice: { clock, limits: atOnce }, bob: { clock, limits: atOnce } });
}

describe('when more is sent than can be taken', () => {
  test('the sender is told OUTBOX_FULL while the disk is behind, and what was accepted arrives', async () => {
    const [alice, bob] = await story.friends({ alice: { limits: { maxArrivalsPerPeer: 10 } } });
    alice.store.hold();
    const texts = numbered('m', 25);
    const sends = texts.map((text) => send(alice, 'bob', text).catch((error: unknown) => error));
    await until(() => alice.store.waiting > 0);
    await turns();
    alice.store.release();
    const outcomes = await Promise.all(sends);
    const ids = outcomes.filter((outcome) => typeof outcome === 'string');
    expect(outcomes.filter((outcome) => typeof outcome !== 'string')).toMatchObject(
      Array.from({ length: texts.length - ids.length }, () => ({ code: 'OUTBOX_FULL', retryable: true })),
    );
    expect(ids.length).toBeGreaterThanOrEqual(10);
    await allReach([alice, bob], { from: alice, ids });
    expect(await inboxTexts(bob)).toEqual(['hello', ...texts.slice(0, ids.length)]);
  });

  test('the sender is told OUTBOX_FULL while the peer is away, and can go on once it is back', async () => {
    const [alice, bob] = await story.friends({ alice: { limits: { maxOutboxMessagesPerPeer: 5 } } });
    await leave(bob, alice);
    const ids = [...(await sendAll(alice, 'bob', numbered('m', 5)))];
    expect(await codeOfRejection(send(alice, 'bob', 'too many'))).toBe('OUTBOX_FULL');
    await bob.up();
    await allReach([alice, bob], { from: alice, ids });
    ids.push(await send(alice, 'bob', 'now'));
    await allReach([alice, bob], { from: alice, ids });
    expect(await inboxTexts(bob)).toEqual(['hello', ...numbered('m', 5), 'now']);
  });
});

describe('an idempotency key', () => {
  const say = (from: MemoryNode, key: string, text = 'pay') =>
    from.api.send({ to: 'bob', text, idempotencyKey: key }, { signal });

  test('makes a repeated send the first one, also while the peer is away', async () => {
    const [alice, bob] = await story.friends();
    await leave(bob, alice);
    const first = await say(alice, 'k1');
    expect(first.duplicate).toBe(false);
    const { id, conversationId, createdAt, expiresAt } = first;
    const told = { id, conversationId, createdAt, expiresAt, duplicate: true };
    expect(await say(alice, 'k1', 'pay again')).toMatchObject({ ...told, state: 'queued' });
    const other = await say(alice, 'k2');
    expect(other.id).not.toBe(first.id);
    await bob.up();
    await allReach([alice, bob], { from: alice, ids: [first.id, other.id] });
    expect(await say(alice, 'k1')).toMatchObject({ id: first.id, duplicate: true, state: 'delivered' });
    expect(await inboxTexts(bob)).toEqual(['hello', 'pay', 'pay']);
  });

  test('makes sends of the same moment one', async () => {
    const [alice, bob] = await story.friends();
    const sent = await Promise.all(numbered('m', 5).map((text) => say(alice, 'together', text)));
    const ids = new Set(sent.map(({ id }) => id));
    expect(ids.size).toBe(1);
    expect(sent.filter(({ duplicate }) => !duplicate)).toHaveLength(1);
    await allReach([alice, bob], { from: alice, ids: [...ids] });
    expect(await inboxTexts(bob)).toEqual(['hello', 'm0']);
  });

  test('is free again when the first message was not accepted', async () => {
    const [alice, bob] = await story.friends();
    void alice.store.refuse((writes) => writes.some((write) => write.startsWith('outbox.insert ')));
    const outcomes = await Promise.allSettled([say(alice, 'once'), say(alice, 'once')]);
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    const { id, duplicate } = await say(alice, 'once');
    expect(duplicate).toBe(false);
    await allReach([alice, bob], { from: alice, ids: [id] });
    expect(await inboxTexts(bob)).toEqual(['hello', 'pay']);
  });
});

describe('a message whose time is over', () => {
  const hasty = async (from: MemoryNode, text: string): Promise<string> =>
    (await from.api.send({ to: 'bob', text, ttlSeconds: 10 }, { signal })).id;

  /** What the node tells about the state of one message from now on. */
  function watch(node: MemoryNode, id: () => string): { readonly states: string[]; stop(): void } {
    const stop = new AbortController();
    const states: string[] = [];
    const note = (event: NodeEvent): void => {
      if (event.type === 'state' && event.ids.some((one) => one === id())) states.push(event.state);
    };
    void (async () => {
      for await (const event of node.node.events.subscribe({ signal: stop.signal })) note(event);
    })();
    return { states, stop: () => stop.abort() };
  }

  test('while it waits becomes expired and is not sent', async () => {
    const clock = new ManualClock();
    const [alice, bob] = await friendsInTime(clock);
    await leave(bob, alice);
    let id = '';
    const watching = watch(alice, () => id);
    id = await hasty(alice, 'too late');
    await clock.advance(31_000);
    await reaches([alice], { from: alice, id, state: 'expired' });
    await until(() => watching.states.length > 0);
    expect(watching.states).toEqual(['expired']);
    await bob.up();
    const next = await send(alice, 'bob', 'in time');
    await Promise.all([clock.advance(1000), allReach([alice, bob], { from: alice, ids: [next] })]);
    expect(await inboxTexts(bob)).toEqual(['hello', 'in time']);
    watching.stop();
  });

  test('when it would be sealed becomes expired then, and who listens is told', async () => {
    const clock = new ManualClock();
    const [alice, bob] = await friendsInTime(clock);
    await leave(bob, alice);
    let id = '';
    const watching = watch(alice, () => id);
    id = await hasty(alice, 'too late');
    clock.jump(11_000);
    await bob.up();
    const next = await send(alice, 'bob', 'in time');
    await allReach([alice, bob], { from: alice, ids: [next] });
    expect(await stateOf(alice, id)).toBe('expired');
    await until(() => watching.states.length > 0);
    expect(watching.states).toEqual(['expired']);
    expect(await inboxTexts(bob)).toEqual(['hello', 'in time']);
    watching.stop();
  });

  test('on the way is refused by the receiver, and shown as expired to the sender', async () => {
    const clock = new ManualClock();
    const [alice, bob] = await friendsInTime(clock);
    story.wire.pause('alice');
    const id = await hasty(alice, 'slow road');
    const other = await send(alice, 'bob', 'no hurry');
    clock.jump(11_000);
    story.wire.resume('alice');
    await allReach([alice, bob], { from: alice, ids: [other] });
    await reaches([alice, bob], { from: alice, id, state: 'expired' });
    const { steps, reason } = await alice.api.track({ id }, { signal });
    expect(reason).toBe('EXPIRED');
    expect(steps.at(-1)).toMatchObject({ state: 'expired', note: 'EXPIRED', by: 'peer' });
    expect(await inboxTexts(bob)).toEqual(['hello', 'no hurry']);
  });

  test('that somebody asked and waits for ends the waiting', async () => {
    const clock = new ManualClock();
    const [alice, bob] = await friendsInTime(clock);
    await leave(bob, alice);
    const asking = codeOfRejection(
      alice.api.ask({ to: 'bob', text: 'well?', ttlSeconds: 10, timeoutMs: 3_600_000 }, { signal }),
    );
    await eventually([alice], async () => (await alice.api.outbox({}, { signal })).messages[0]?.state === 'queued');
    await clock.advance(31_000);
    expect(await asking).toBe('EXPIRED');
  });
});
