import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { withHeadStart } from './head-start.ts';

describe('a head start', () => {
  const signal = new AbortController().signal;

  it('ends with the answer, and leaves no timer behind', async () => {
    const clock = new ManualClock();
    const answer = Promise.withResolvers<string>();
    const first = withHeadStart(answer.promise, { clock, ms: 1000, signal });
    expect(clock.sleeping).toBe(1);
    answer.resolve('here');
    expect(await first).toBe('here');
    expect(clock.sleeping).toBe(0);
  });

  it('ends without one when its time is over, or when it is aborted', async () => {
    const clock = new ManualClock();
    const never = new Promise<string>(() => {});
    const first = withHeadStart(never, { clock, ms: 1000, signal });
    await clock.advance(1000);
    expect(await first).toBeUndefined();
    const stop = new AbortController();
    const second = withHeadStart(never, { clock, ms: 1000, signal: stop.signal });
    stop.abort();
    expect(await second).toBeUndefined();
    expect(clock.sleeping).toBe(0);
  });
});
