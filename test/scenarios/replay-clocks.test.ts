import { afterEach, describe, expect, test } from 'vitest';
import type { Limits } from '#kernel';
import type { FrameId } from '#protocol';
import { ManualClock } from '../support/manual-clock.ts';
import type { MemoryNode } from '../support/memory-node.ts';
import { allReach, MemoryStory, quiet } from '../support/memory-story.ts';
import { SkewedClock } from '../support/skewed-clock.ts';
import { inboxTexts, reaches, send, until } from '../support/story.ts';
import { signal } from '../support/test-agents.ts';
import type { Fate, Passing } from '../support/wire.ts';

let story = new MemoryStory();

afterEach(async () => {
  await story[Symbol.asyncDispose]();
  story = new MemoryStory();
});

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;
/** History is kept for six hours here, and links are quiet, so that hours pass quickly. */
const limits = {
  receiptDelayMs: 0,
  deferredWriteMs: 0,
  retentionMs: 6 * hour,
  frameAcknowledgeMs: 5 * minute,
  linkPingMs: 20 * minute,
  linkIdleMs: hour,
} satisfies Partial<Limits>;

interface Friends {
  readonly time: ManualClock;
  readonly clocks: { readonly alice: SkewedClock; readonly bob: SkewedClock };
  readonly alice: MemoryNode;
  readonly bob: MemoryNode;
}

async function friends(bobs: Partial<Limits> = {}): Promise<Friends> {
  const time = new ManualClock();
  const clocks = { alice: new SkewedClock(time), bob: new SkewedClock(time) };
  const [alice, bob] = await story.friends({
    alice: { clock: clocks.alice, limits },
    bob: { clock: clocks.bob, limits: { ...limits, ...bobs } },
  });
  return { time, clocks, alice, bob };
}

/** Time in which both nodes look around as often as they would, and prune what is over. */
async function pass({ time }: Friends, ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 30 * minute) {
    await time.advance(30 * minute);
    await story.settled();
  }
}

async function killed(...nodes: readonly MemoryNode[]): Promise<void> {
  for (const node of nodes) {
    node.crash();
    await node.up();
  }
}

async function restarted(...nodes: readonly MemoryNode[]): Promise<void> {
  for (const node of nodes) {
    await node.down();
    await node.up();
  }
}

const say = async (from: MemoryNode, text: string, ttlMs = hour): Promise<string> =>
  (await from.api.send({ to: 'bob', text, ttlSeconds: ttlMs / 1000 }, { signal })).id;

/** Nothing that bob says of frames gets through: whatever he took comes again and again. */
const deaf = ({ from, operation, frame }: Passing): Fate =>
  from === 'bob' && (frame !== undefined || operation.op === 'delivered') ? 'drop' : 'pass';

const isKnown = (node: MemoryNode, id: string) => node.store.read.inbox.message(node.name, id as 'msg_') !== undefined;

interface Wrong {
  readonly who: 'alice' | 'bob';
  readonly ms: number;
}

const wrongClocks: Readonly<Record<string, Wrong>> = {
  'the receiver’s clock is 10 minutes ahead for a while': { who: 'bob', ms: 10 * minute },
  'the receiver’s clock is 10 minutes behind for a while': { who: 'bob', ms: -10 * minute },
  'the receiver’s clock is 40 days ahead for a while': { who: 'bob', ms: 40 * day },
  'the receiver’s clock is 40 days behind for a while': { who: 'bob', ms: -40 * day },
  'the sender’s clock is 10 minutes ahead for a while': { who: 'alice', ms: 10 * minute },
  'the sender’s clock is 10 minutes behind for a while': { who: 'alice', ms: -10 * minute },
  'the sender’s clock is 40 days ahead for a while': { who: 'alice', ms: 40 * day },
  'the sender’s clock is 40 days behind for a while': { who: 'alice', ms: -40 * day },
};

/** The frame comes again with its own bytes; or its receiver does not know it any more, and its message comes in another session. */
const memories = [
  ['as the same frame', 1024],
  ['in another session', 0],
] as const;

describe.each(memories)('a message whose sender never heard that it arrived comes again %s', (_name, kept) => {
  test.each(Object.entries(wrongClocks))('and is taken once, when %s', async (_story, { who, ms }) => {
    const both = await friends({ receivedFramesKept: kept });
    const { clocks, alice, bob } = both;
    const first = await say(alice, 'first');
    await allReach([alice, bob], { from: alice, ids: [first] });
    await quiet(alice, bob);
    story.wire.fate = deaf;
    const lost = await say(alice, 'lost', day);
    await until(() => isKnown(bob, lost));

    clocks[who].skewMs = ms;
    await pass(both, 30 * minute);
    await killed(bob, alice);
    await pass(both, 30 * minute);
    clocks[who].skewMs = 0;
    await restarted(alice, bob);
    story.wire.fate = () => 'pass';
    await pass(both, 30 * minute);

    expect(await inboxTexts(bob)).toEqual(['hello', 'first', 'lost']);
    const last = await send(alice, 'bob', 'last');
    await allReach([alice, bob], { from: alice, ids: [last] });
    expect(await inboxTexts(bob)).toEqual(['hello', 'first', 'lost', 'last']);
    // Whatever its sender concluded meanwhile, it hears what became of it.
    await bob.api.read({ id: lost }, { signal });
    await reaches([alice, bob], { from: alice, id: lost, state: 'seen' });
  });
});

describe('what a node has taken', () => {
  test('is forgotten once it ran for long enough and the message has expired, and not before, whatever the clock says', async () => {
    const both = await friends();
    const { clocks, alice, bob } = both;
    const id = await say(alice, 'read and over');
    await allReach([alice, bob], { from: alice, ids: [id] });
    await bob.api.read({ id }, { signal });
    await reaches([alice, bob], { from: alice, id, state: 'seen' });
    // The newest row of a table stays.
    await allReach([alice, bob], { from: alice, ids: [await say(alice, 'newer')] });
    clocks.bob.skewMs = 400 * day;
    await pass(both, 4 * hour);
    await restarted(bob);
    expect(isKnown(bob, id)).toBe(true);
    await pass(both, 12 * hour);
    expect(isKnown(bob, id)).toBe(false);
  });

  test('is kept for as long as its sender may send it, when the sender’s clock is ahead', async () => {
    const both = await friends();
    const { clocks, alice, bob } = both;
    clocks.alice.skewMs = 20 * day;
    const id = await say(alice, 'from the future');
    await allReach([alice, bob], { from: alice, ids: [id] });
    await bob.api.read({ id }, { signal });
    await allReach([alice, bob], { from: alice, ids: [await say(alice, 'newer')] });
    await pass(both, 10 * hour);
    await restarted(bob);
    expect(isKnown(bob, id)).toBe(true);
    clocks.bob.skewMs = 21 * day;
    await pass(both, 6 * hour);
    expect(isKnown(bob, id)).toBe(false);
  });

  test('is not to be remembered for years: a message from further ahead than any may live is refused', async () => {
    const { clocks, alice, bob } = await friends();
    clocks.alice.skewMs = 31 * day;
    // Her clock is right again before the answer comes, which she would refuse as too old.
    story.wire.fate = ({ from, frame }) => {
      if (from === 'alice' && frame?.kind === 'app') clocks.alice.skewMs = 0;
      return 'pass';
    };
    const id = await say(alice, 'from far ahead');
    await reaches([alice, bob], { from: alice, id, state: 'refused' });
    expect(await alice.api.track({ id }, { signal })).toMatchObject({ reason: 'TIMESTAMP_FUTURE' });
    const next = await say(alice, 'from now');
    await allReach([alice, bob], { from: alice, ids: [next] });
    expect(await inboxTexts(bob)).toEqual(['hello', 'from now']);
  });
});

describe('recorded bytes that somebody on the way repeats', () => {
  test.each([40 * day, -40 * day, 10 * minute, -10 * minute])(
    'are taken once, also when the clock of their receiver was off by %i ms meanwhile and it restarted',
    async (ms) => {
      const both = await friends();
      const { clocks, alice, bob } = both;
      const id = await say(alice, 'recorded');
      await allReach([alice, bob], { from: alice, ids: [id] });
      const recorded = story.wire.framesOf('alice').find(({ frame }) => frame?.kind === 'app');
      if (recorded?.operation.op !== 'frame' || recorded.frame === undefined) throw new Error('a frame with a message');
      clocks.bob.skewMs = ms;
      await pass(both, 2 * hour);
      await killed(bob);
      await pass(both, 2 * hour);
      clocks.bob.skewMs = 0;
      await restarted(bob);
      await pass(both, hour);

      story.wire.clear();
      const { operation, frame } = recorded;
      // The answers are for somebody whom alice does not know.
      const answers = repeatBefore(operation, frame.id);
      const next = await say(alice, 'next');
      await allReach([alice, bob], { from: alice, ids: [next] });
      expect(answers).toEqual(['delivered']);
      expect(await inboxTexts(bob)).toEqual(['hello', 'recorded', 'next']);
    },
  );
});

/** Puts the recorded frame before the next one that alice sends; what bob says of it is noted, and alice does not hear it. */
function repeatBefore(recorded: Passing['operation'], id: FrameId): readonly string[] {
  const answers: string[] = [];
  let isSaid = false;
  story.wire.fate = ({ from, frame, operation }) => {
    if (from === 'alice' && frame?.kind === 'app' && !isSaid) {
      isSaid = true;
      return [recorded, operation];
    }
    if (from !== 'bob' || (operation.op !== 'delivered' && operation.op !== 'refused') || operation.frameId !== id) {
      return 'pass';
    }
    answers.push(operation.op === 'refused' ? operation.code : operation.op);
    return 'drop';
  };
  return answers;
}

describe('an idempotency key', () => {
  const key = 'the same order';

  test('counts as used right after its use, also when the clock jumped by days and the node restarted', async () => {
    const { clocks, alice, bob } = await friends();
    const order = () => alice.api.send({ to: 'bob', text: 'one order', idempotencyKey: key }, { signal });
    const { id } = await order();
    await allReach([alice, bob], { from: alice, ids: [id] });
    for (const ms of [3 * day, -3 * day, 10 * minute, 0]) {
      clocks.alice.skewMs = ms;
      await restarted(alice);
      expect(await order()).toMatchObject({ id, duplicate: true });
    }
    expect(await inboxTexts(bob)).toEqual(['hello', 'one order']);
  });

  test('is free after its time by the clock, and after its time of running however far the clock was set back', async () => {
    const both = await friends();
    const { clocks, alice, bob } = both;
    const order = async () => {
      const { id, duplicate } = await alice.api.send({ to: 'bob', text: 'order', idempotencyKey: key }, { signal });
      await allReach([alice, bob], { from: alice, ids: [id] });
      return duplicate;
    };
    expect(await order()).toBe(false);
    await pass(both, 3 * hour);
    expect(await order()).toBe(true);
    clocks.alice.skewMs = 2 * day;
    clocks.bob.skewMs = 2 * day;
    expect(await order()).toBe(false);
    clocks.alice.skewMs = -3 * day;
    clocks.bob.skewMs = -3 * day;
    await pass(both, 2 * hour);
    expect(await order()).toBe(true);
    await pass(both, 40 * hour);
    expect(await order()).toBe(false);
    expect(await inboxTexts(bob)).toEqual(['hello', 'order', 'order', 'order']);
  });
});
