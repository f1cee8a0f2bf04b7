import { afterEach, describe, expect, test } from 'vitest';
import { MeshError, silentLogger } from '#kernel';
import type { InboundMessage, Runtime } from '#runtime';
import { writing } from '../support/faulty-store.ts';
import { ManualClock } from '../support/manual-clock.ts';
import type { MemoryNode } from '../support/memory-node.ts';
import { MemoryStory, quiet, turns } from '../support/memory-story.ts';
import { codeOfRejection, reaches, stateOf, until } from '../support/story.ts';
import { handledBy, signal } from '../support/test-agents.ts';

let story = new MemoryStory();
let offers: { readonly text: string; readonly attempt: number; readonly at: number }[] = [];

afterEach(async () => {
  await story[Symbol.asyncDispose]();
  story = new MemoryStory();
  offers = [];
});

const atOnce = { receiptDelayMs: 0, deferredWriteMs: 0 };

/** Notes every offer of a request; the answer, or what it throws, is that of `act`. */
const noting = (clock: ManualClock, act: (inbound: InboundMessage) => string) =>
  handledBy((inbound) => {
    const { message, attempt } = inbound;
    if (message.type !== 'request') return undefined;
    offers.push({ text: message.payload.body, attempt, at: clock.now() });
    return act(inbound);
  });

async function friends(clock: ManualClock, runtime: Runtime): Promise<readonly [MemoryNode, MemoryNode]> {
  return story.friends({ alice: { clock, limits: atOnce }, bob: { clock, limits: atOnce, runtime } });
}

const ask = async (from: MemoryNode, text: string): Promise<string> =>
  (await from.api.send({ to: 'bob', text, type: 'request' }, { signal })).id;

const attemptsOf = (text: string): readonly number[] =>
  offers.filter((offer) => offer.text === text).map(({ attempt }) => attempt);

/** Lets time pass, no faster than the node can follow, until so many offers were made. */
async function untilOffers(at: { clock: ManualClock; node: MemoryNode }, count: number): Promise<void> {
  const { clock, node } = at;
  for (let seconds = 0; offers.length < count && seconds < 300; seconds += 1) {
    await clock.advance(1000);
    await turns(10);
    await until(() => !node.store.isBusy);
    await turns(10);
  }
  expect(offers).toHaveLength(count);
}

describe('that a handler failed', () => {
  test('is stored again once a second while the disk is full, not in a loop', async () => {
    const clock = new ManualClock();
    const lines: string[] = [];
    const logger = { ...silentLogger, error: (event: string) => void lines.push(event) };
    const runtime = noting(clock, () => {
      throw new Error('it fails');
    });
    const [alice, bob] = await story.friends({
      alice: { clock, limits: atOnce },
      bob: { clock, limits: atOnce, runtime, logger },
    });
    const refused = bob.store.refuse(writing('inbox.release'), { times: 1_000_000 });
    await ask(alice, 'doomed');
    await refused;
    const tries = (): number => lines.filter((event) => event === 'failure.not-stored').length;
    const seconds = 20;
    for (let second = 0; second < seconds; second += 1) {
      await clock.advance(1000);
      await turns(20);
      await until(() => !bob.store.isBusy);
      await turns(20);
    }
    // The first one is tried again at once.
    expect(tries()).toBeLessThanOrEqual(seconds + 2);
    expect(tries()).toBeGreaterThan(3);
    bob.store.heal();
    await clock.advance(1000);
    await untilOffers({ clock, node: bob }, 2);
    expect(attemptsOf('doomed')).toEqual([1, 2]);
  });
});

describe('a handler that fails', () => {
  test('gets the message five times, each time later; then it is a dead letter and the sender is told', async () => {
    const clock = new ManualClock();
    const [alice, bob] = await friends(
      clock,
      noting(clock, () => {
        throw new Error('no such file: data.csv');
      }),
    );
    const id = await ask(alice, 'doomed');
    await until(() => offers.length === 1);
    await turns();
    expect(offers).toHaveLength(1);
    await untilOffers({ clock, node: bob }, 5);
    await reaches([alice, bob], { from: alice, id, state: 'refused' });
    await clock.advance(120_000);
    await turns();
    expect(attemptsOf('doomed')).toEqual([1, 2, 3, 4, 5]);
    const times = offers.map(({ at }) => at);
    const pauses = times.slice(1).map((at, n) => at - (times[n] ?? 0));
    for (const [n, plainMs] of [1000, 2000, 4000, 8000].entries()) {
      expect(pauses[n]).toBeGreaterThanOrEqual(plainMs * 0.8);
      expect(pauses[n]).toBeLessThan(plainMs * 1.2 + 3000);
    }
    expect((await alice.api.track({ id }, { signal })).reason).toBe('HANDLER_FAILED');
    const dead = await bob.api.message({ id }, { signal });
    expect(dead).toMatchObject({ state: 'dead', attempts: 5 });
    expect(dead.error).toContain('HANDLER_FAILED');
    expect(dead.error).toContain('no such file: data.csv');
    const { queue, warnings } = await bob.api.status({}, { signal });
    expect(queue.deadIn).toBe(1);
    expect(warnings.map(({ code }) => code)).toContain('HANDLER_FAILED');
  });

  test('ends the waiting of who asked, with the reason', async () => {
    const clock = new ManualClock();
    const [alice, bob] = await friends(
      clock,
      noting(clock, () => {
        throw new Error('never');
      }),
    );
    const asking = codeOfRejection(alice.api.ask({ to: 'bob', text: 'well?', timeoutMs: 3_600_000 }, { signal }));
    await until(() => offers.length === 1);
    await untilOffers({ clock, node: bob }, 5);
    expect(await asking).toBe('HANDLER_FAILED');
  });

  test('does not hold up what came after, and answers when it is well again', async () => {
    const clock = new ManualClock();
    const [alice, bob] = await friends(
      clock,
      noting(clock, ({ message, attempt }) => {
        if (message.payload.body === 'moody' && attempt < 3) throw new Error('not today');
        return `${message.payload.body} done`;
      }),
    );
    const moody = await ask(alice, 'moody');
    const easy = await ask(alice, 'easy');
    await reaches([alice, bob], { from: alice, id: easy, state: 'answered' });
    expect(await stateOf(alice, moody)).toBe('seen');
    await untilOffers({ clock, node: bob }, 4);
    await reaches([alice, bob], { from: alice, id: moody, state: 'answered' });
    expect(attemptsOf('moody')).toEqual([1, 2, 3]);
    expect(attemptsOf('easy')).toEqual([1]);
  });

  test('is not held up by a contact whose messages may not start a turn', async () => {
    const clock = new ManualClock();
    const [alice, bob] = await friends(
      clock,
      noting(clock, ({ attempt }) => {
        if (attempt < 2) throw new Error('once');
        return 'done';
      }),
    );
    const carol = await story.start('carol', { clock, limits: atOnce });
    const { invite } = await bob.api.invite({ tier: 'notify' }, { signal });
    await carol.api.join({ invite }, { signal });
    const silent = (await carol.api.send({ to: 'bob', text: 'do not mind me' }, { signal })).id;
    await reaches([bob, carol], { from: carol, id: silent, state: 'delivered' });
    const id = await ask(alice, 'again');
    await until(() => offers.length === 1);
    await untilOffers({ clock, node: bob }, 2);
    await reaches([alice, bob], { from: alice, id, state: 'answered' });
    expect((offers[1]?.at ?? 0) - (offers[0]?.at ?? 0)).toBeLessThan(3000);
  });

  test('by taking too long gets the message again, and a dead letter says so', async () => {
    const clock = new ManualClock();
    const [alice, bob] = await friends(
      clock,
      noting(clock, () => {
        throw new MeshError('HANDLER_TIMEOUT', 'handler.py took longer than 60000 ms and was ended');
      }),
    );
    const id = await ask(alice, 'slow');
    await until(() => offers.length === 1);
    await untilOffers({ clock, node: bob }, 5);
    await reaches([alice, bob], { from: alice, id, state: 'refused' });
    const { error } = await bob.api.message({ id }, { signal });
    expect(error).toBe('HANDLER_TIMEOUT: handler.py took longer than 60000 ms and was ended');
  });

  test('by taking the process with it gets the message five times, and then never again', async () => {
    const clock = new ManualClock();
    let crashing = true;
    const [alice, bob] = await friends(
      clock,
      noting(clock, ({ message }) => {
        if (message.payload.body === 'poison' && crashing) bob.crash();
        return 'fine';
      }),
    );
    const poison = await ask(alice, 'poison');
    for (let n = 1; n <= 5; n += 1) {
      await until(() => attemptsOf('poison').length === n && !bob.isUp);
      await bob.up();
    }
    await reaches([alice, bob], { from: alice, id: poison, state: 'refused' });
    crashing = false;
    const next = await ask(alice, 'next');
    await reaches([alice, bob], { from: alice, id: next, state: 'answered' });
    expect(attemptsOf('poison')).toEqual([1, 2, 3, 4, 5]);
    const { error, state } = await bob.api.message({ id: poison }, { signal });
    expect(state).toBe('dead');
    expect(error).toBe('The node ended 5 times while the handler was at work');
  });

  test('is not blamed for the stops of its node', async () => {
    const clock = new ManualClock();
    const gates: PromiseWithResolvers<string>[] = [];
    const patient: Runtime = {
      ...handledBy(() => undefined),
      types: ['request'],
      handle: async ({ message, attempt }, options) => {
        offers.push({ text: message.payload.body, attempt, at: clock.now() });
        const gate = Promise.withResolvers<string>();
        gates.push(gate);
        options.signal.addEventListener('abort', () => gate.reject(options.signal.reason), { once: true });
        return { body: await gate.promise };
      },
    };
    const [alice, bob] = await friends(clock, patient);
    const id = await ask(alice, 'long work');
    for (let n = 1; n <= 7; n += 1) {
      await until(() => gates.length === n);
      const stopping = bob.down();
      await turns();
      await clock.advance(10_000);
      await stopping;
      await bob.up();
    }
    await until(() => gates.length === 8);
    gates[7]?.resolve('finished');
    await reaches([alice, bob], { from: alice, id, state: 'answered' });
    expect(new Set(attemptsOf('long work'))).toEqual(new Set([1]));
  });
});

describe('when the disk is full', () => {
  test('a failure that cannot be stored is stored later, and the next handler is not disturbed', async () => {
    const clock = new ManualClock();
    const gate = Promise.withResolvers<undefined>();
    const runtime: Runtime = {
      ...handledBy(() => undefined),
      types: ['request'],
      handle: async ({ message, attempt }) => {
        offers.push({ text: message.payload.body, attempt, at: clock.now() });
        if (message.payload.body === 'fails' && attempt === 1) throw new MeshError('HANDLER_FAILED', 'once');
        if (message.payload.body === 'waits') await gate.promise;
        return { body: 'ok' };
      },
    };
    const [alice, bob] = await friends(clock, runtime);
    const refused = bob.store.refuse(writing('inbox.release'));
    story.wire.pause('alice');
    const [fails, waits] = [await ask(alice, 'fails'), await ask(alice, 'waits')];
    story.wire.resume('alice');
    await refused;
    await until(() => offers.some(({ text }) => text === 'waits'));
    await turns();
    gate.resolve(undefined);
    await reaches([alice, bob], { from: alice, id: waits, state: 'answered' });
    await untilOffers({ clock, node: bob }, 3);
    await reaches([alice, bob], { from: alice, id: fails, state: 'answered' });
    await quiet(alice, bob);
    expect(attemptsOf('fails')).toEqual([1, 2]);
  });
});
