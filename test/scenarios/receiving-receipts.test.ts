import { afterEach, expect, test } from 'vitest';
import { silentLogger } from '#kernel';
import { writing } from '../support/faulty-store.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { MemoryStory, turns } from '../support/memory-story.ts';
import { patient, reaches, send, stateOf, until } from '../support/story.ts';

let story = new MemoryStory();

afterEach(async () => {
  await story[Symbol.asyncDispose]();
  story = new MemoryStory();
});

test('a receipt that could not be stored is tried again after a second, then later each time, not at the next sweep', async () => {
  const clock = new ManualClock();
  const limits = { ...patient, receiptDelayMs: 0, deferredWriteMs: 0 };
  const lines: string[] = [];
  const logger = { ...silentLogger, error: (event: string) => void lines.push(event) };
  const [alice, bob] = await story.friends({ alice: { clock, limits }, bob: { clock, limits, logger } });
  const tries = (): number => lines.filter((event) => event === 'seal.not-stored').length;
  const refused = bob.store.refuse(writing('outbox.insertFrame'), { times: 3 });
  const id = await send(alice, 'bob', 'hello again');
  await refused;
  await until(() => tries() === 1);
  expect(await stateOf(alice, id)).toBe('sent');
  // With 20 % of jitter either way.
  for (const [failed, ms] of [
    [1, 1000],
    [2, 2000],
  ] as const) {
    await clock.advance(0.75 * ms);
    await turns(50);
    expect(tries()).toBe(failed);
    await clock.advance(0.5 * ms);
    await until(() => tries() === failed + 1);
  }
  await clock.advance(5000);
  await reaches([alice, bob], { from: alice, id, state: 'delivered' });
  expect(tries()).toBe(3);
});
