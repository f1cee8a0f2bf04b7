import { afterEach, describe, expect, test } from 'vitest';
import type { Limits } from '#kernel';
import type { NodeEvent } from '#node';
import { ManualClock } from '../support/manual-clock.ts';
import type { MemoryNode } from '../support/memory-node.ts';
import { allReach, MemoryStory, quiet } from '../support/memory-story.ts';
import { codeOfRejection, reaches, send, stateOf, until } from '../support/story.ts';
import { handledBy, signal } from '../support/test-agents.ts';

let story = new MemoryStory();

afterEach(async () => {
  await story[Symbol.asyncDispose]();
  story = new MemoryStory();
});

const atOnce = { receiptDelayMs: 0, deferredWriteMs: 0, maxHandlerAttempts: 2 };

/** Bob's program, which fails while it is told to. */
interface Program {
  isBroken: boolean;
  readonly handled: string[];
  readonly attempts: number[];
}

async function friends(clock: ManualClock, bob: Partial<Limits> = {}) {
  const program: Program = { isBroken: false, handled: [], attempts: [] };
  const runtime = handledBy(({ message, attempt }) => {
    program.attempts.push(attempt);
    if (program.isBroken) throw new Error('no such file: data.csv');
    program.handled.push(message.payload.body);
    return { body: `did ${message.payload.body}` };
  });
  const both = await story.friends({
    alice: { clock, limits: atOnce },
    bob: { clock, limits: { ...atOnce, ...bob }, runtime },
  });
  program.handled.length = 0;
  program.attempts.length = 0;
  return [...both, program] as const;
}

const request = async (from: MemoryNode, text: string, ttlSeconds?: number): Promise<string> =>
  (
    await from.api.send(
      { to: 'bob', text, type: 'request', ...(ttlSeconds === undefined ? {} : { ttlSeconds }) },
      { signal },
    )
  ).id;

/** Time passes until the node's program has given up on everything. */
async function untilBuried(clock: ManualClock, bob: MemoryNode, count: number): Promise<void> {
  while (bob.store.read.inbox.counts('bob').dead < count) {
    await clock.advance(500);
    await story.settled();
  }
}

const lettersOf = async (node: MemoryNode) => (await node.api.deadLetters({}, { signal })).letters;

describe('a message that the program gave up on', () => {
  test('is a dead letter with the error, told as an event, and offered again by hand under its own id', async () => {
    const clock = new ManualClock();
    const [alice, bob, program] = await friends(clock);
    const buried: NodeEvent[] = [];
    const events = bob.node.events.subscribe();
    void (async () => {
      for await (const event of events) if (event.type === 'buried') buried.push(event);
    })();
    program.isBroken = true;
    const id = await request(alice, 'the sum');
    await untilBuried(clock, bob, 1);
    await reaches([alice, bob], { from: alice, id, state: 'refused' });
    expect(await lettersOf(bob)).toMatchObject([
      { id, box: 'inbox', peer: 'alice', reason: 'HANDLER_FAILED', attempts: 2, replay: 'by hand', body: 'the sum' },
    ]);
    const shown = await bob.api.deadLetter({ id }, { signal });
    expect(shown.error).toContain('no such file: data.csv');
    expect(shown.steps.map(({ state }) => state)).toEqual(['received', 'seen', 'dead']);
    await until(() => buried.length > 0);
    expect(buried).toEqual([
      { type: 'buried', agent: 'bob', peer: alice.agentId, ids: [id], reason: 'HANDLER_FAILED' },
    ]);
    const { queue, warnings } = await bob.api.status({}, { signal });
    expect(queue).toMatchObject({ deadIn: 1, deadOut: 0 });
    expect(warnings.map(({ code }) => code)).toContain('HANDLER_FAILED');

    program.isBroken = false;
    expect(await bob.api.replayDead({ ids: [id.slice(0, 20)] }, { signal })).toEqual({
      count: 1,
      replayed: [{ box: 'inbox', id }],
      skipped: [],
    });
    await until(() => program.handled.length > 0);
    expect(program).toMatchObject({ handled: ['the sum'], attempts: [1, 2, 1] });
    // Who asked sees the truth: it was answered after all.
    await reaches([alice, bob], { from: alice, id, state: 'answered' });
    expect(await lettersOf(bob)).toEqual([]);
    expect(await lettersOf(alice)).toEqual([]);
    const { entries } = await bob.api.audit({ kind: 'dead.offered' }, { signal });
    expect(entries.map(({ data }) => data)).toEqual([{ messages: [id] }]);
  });

  test('and fails again is a dead letter again', async () => {
    const clock = new ManualClock();
    const [alice, bob, program] = await friends(clock);
    program.isBroken = true;
    const id = await request(alice, 'hopeless');
    await untilBuried(clock, bob, 1);
    await bob.api.replayDead({ reason: 'HANDLER_FAILED' }, { signal });
    await until(() => program.attempts.length >= 3);
    await untilBuried(clock, bob, 1);
    expect(program.attempts).toEqual([1, 2, 1, 2]);
    expect(await lettersOf(bob)).toMatchObject([{ id, attempts: 2 }]);
  });

  test('survives a crash, and is handled once when it is offered again after it', async () => {
    const clock = new ManualClock();
    const [alice, bob, program] = await friends(clock);
    program.isBroken = true;
    const id = await request(alice, 'later');
    await untilBuried(clock, bob, 1);
    await reaches([alice, bob], { from: alice, id, state: 'refused' });
    bob.crash();
    await bob.up();
    program.isBroken = false;
    expect(await lettersOf(bob)).toMatchObject([{ id, box: 'inbox' }]);
    void bob.store.crashAfter((writes) => writes.some((write) => write.startsWith('inbox.offerAgain ')));
    void bob.api.replayDead({ all: true }, { signal });
    await until(() => !bob.isUp);
    await bob.up();
    await reaches([alice, bob], { from: alice, id, state: 'answered' });
    await quiet(alice, bob);
    expect(program.handled).toEqual(['later']);
  });

  test('can be forgotten: its sender is told nothing, and it does not come again', async () => {
    const clock = new ManualClock();
    const [alice, bob, program] = await friends(clock);
    program.isBroken = true;
    const id = await request(alice, 'of no use');
    await untilBuried(clock, bob, 1);
    await reaches([alice, bob], { from: alice, id, state: 'refused' });
    expect(await bob.api.purgeDead({ box: 'inbox' }, { signal })).toEqual({ purged: 1, kept: 0 });
    program.isBroken = false;
    expect(await lettersOf(bob)).toEqual([]);
    expect(await codeOfRejection(bob.api.replayDead({ ids: [id] }, { signal }))).toBe('WRONG_STATE');
    await quiet(alice, bob);
    expect(await stateOf(alice, id)).toBe('refused');
    expect(program.handled).toEqual([]);
  });
});

describe('a message whose time was over before the program took it', () => {
  test('is not given to it: its sender sees expired, its owner a dead letter', async () => {
    const clock = new ManualClock();
    const [alice, bob, program] = await friends(clock, { boundedTurnsPerDay: 1 });
    await bob.api.setTier({ contact: 'alice', tier: 'notify' }, { signal });
    const id = await request(alice, 'by noon', 60);
    await allReach([alice, bob], { from: alice, ids: [id] });
    clock.jump(61_000);
    await bob.api.setTier({ contact: 'alice', tier: 'trusted' }, { signal });
    await reaches([alice, bob], { from: alice, id, state: 'expired' });
    expect(program.handled).toEqual([]);
    const { reason, steps } = await alice.api.track({ id }, { signal });
    expect(reason).toBe('EXPIRED');
    expect(steps.map(({ state }) => state)).not.toContain('seen');
    expect(steps.at(-1)).toMatchObject({ state: 'expired', by: 'peer', proof: 'receipt' });
    expect(await lettersOf(bob)).toMatchObject([{ id, box: 'inbox', reason: 'EXPIRED', attempts: 0 }]);
    // Its owner may decide otherwise.
    await bob.api.replayDead({ ids: [id] }, { signal });
    await reaches([alice, bob], { from: alice, id, state: 'answered' });
    expect(program.handled).toEqual(['by noon']);
  });

  test('leaves the others where they are in line', async () => {
    const clock = new ManualClock();
    const [alice, bob, program] = await friends(clock);
    await bob.api.setTier({ contact: 'alice', tier: 'notify' }, { signal });
    const ids = [
      await request(alice, 'one', 3600),
      await request(alice, 'two', 60),
      await request(alice, 'three', 3600),
    ];
    await allReach([alice, bob], { from: alice, ids });
    clock.jump(61_000);
    await bob.api.setTier({ contact: 'alice', tier: 'trusted' }, { signal });
    for (const [n, state] of ['answered', 'expired', 'answered'].entries()) {
      await reaches([alice, bob], { from: alice, id: ids[n] ?? '', state });
    }
    expect(program.handled).toEqual(['one', 'three']);
  });

  test('stays readable for a person, however late', async () => {
    const clock = new ManualClock();
    const [alice, bob] = await story.friends({
      alice: { clock, limits: atOnce },
      bob: { clock, limits: atOnce },
    });
    const id = await send(alice, 'bob', 'for you');
    await allReach([alice, bob], { from: alice, ids: [id] });
    clock.jump(365 * 24 * 3_600_000);
    expect(await bob.api.read({ id }, { signal })).toMatchObject({ body: 'for you' });
  });
});
