import { expect, test } from 'vitest';
import { systemClock } from './clock.ts';

test('a wait is never over before its time has passed, also by fractions of a millisecond', async () => {
  const early = async (ms: number): Promise<boolean> => {
    const end = systemClock.monotonic() + ms;
    await systemClock.sleep(ms);
    return systemClock.monotonic() < end;
  };
  const rung = (ms: number): Promise<boolean> => {
    const end = systemClock.monotonic() + ms;
    return new Promise((resolve) => systemClock.alarm(ms, () => resolve(systemClock.monotonic() < end)));
  };
  const waits = Array.from({ length: 200 }, (_, n) => 1 + (n % 20) / 7);
  expect(await Promise.all([...waits.map(early), ...waits.map(rung)])).not.toContain(true);
});

test('a wait that is longer than timers can be goes on until it is given up', async () => {
  const end = new AbortController();
  let isOver = false;
  const waiting = systemClock.sleep(60 * 24 * 3_600_000, { signal: end.signal }).finally(() => {
    isOver = true;
  });
  await systemClock.sleep(50);
  expect(isOver).toBe(false);
  end.abort(new Error('given up'));
  await expect(waiting).rejects.toThrow('aborted');
});
