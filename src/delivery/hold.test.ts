import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { Hold, type HoldPorts } from './hold.ts';

const full = { code: 'INBOX_FULL', ms: 1000 } as const;

function bench(overrides: Partial<HoldPorts> = {}) {
  const clock = new ManualClock();
  const happened: string[] = [];
  const stop = new AbortController();
  const hold = new Hold({
    clock,
    limits: { inFlightFrames: 4, maxHoldMs: 5000 },
    signal: stop.signal,
    isUnderWay: () => false,
    onHeld: ({ code, until }) => happened.push(`${code} ${until - clock.now()}`),
    onResume: () => happened.push('resume'),
    onRoom: () => happened.push('room'),
    ...overrides,
  });
  return { clock, hold, happened, stop };
}

describe('a peer that takes a frame and asks for a pause', () => {
  it('gets no messages for so long, and then a frame that asks', async () => {
    const { clock, hold, happened } = bench();
    expect([hold.held, hold.window, hold.probeDue]).toEqual([undefined, 4, false]);
    hold.taken(full);
    expect(hold.held).toEqual({ code: 'INBOX_FULL', until: clock.now() + 1000 });
    expect([hold.stops, hold.window]).toEqual([false, 1]);
    await clock.advance(999);
    expect(hold.probeDue).toBe(false);
    await clock.advance(1);
    expect(hold.probeDue).toBe(true);
    expect(hold.held).toBeDefined();
    hold.probed();
    expect(hold.probeDue).toBe(false);
    hold.taken(undefined);
    expect(hold.held).toBeUndefined();
    expect(happened).toEqual(['INBOX_FULL 1000', 'room', 'room']);
  });

  it('gets more frames at once with each that it takes without a word', () => {
    const { hold } = bench();
    hold.taken(full);
    const windows = [1, 2, 3, 4, 5].map(() => {
      hold.taken(undefined);
      return hold.window;
    });
    expect(windows).toEqual([2, 3, 4, 4, 4]);
  });

  it('may ask again, for longer, and only the last pause counts', async () => {
    const { clock, hold, happened } = bench();
    hold.taken(full);
    await clock.advance(900);
    hold.taken({ code: 'INBOX_FULL', ms: 2000 });
    await clock.advance(1999);
    expect(hold.probeDue).toBe(false);
    await clock.advance(1);
    hold.probed();
    hold.taken({ code: 'RATE_LIMITED', ms: 10 });
    // The same answer to what was under way is no news.
    expect(happened).toEqual(['INBOX_FULL 1000', 'room', 'RATE_LIMITED 10']);
  });

  it('is not believed for ever', async () => {
    const { clock, hold } = bench();
    hold.taken({ code: 'INBOX_FULL', ms: 1e12 });
    await clock.advance(5000);
    expect(hold.probeDue).toBe(true);
  });

  it('that takes frames again in the middle of the pause ends it', async () => {
    const { clock, hold, happened } = bench();
    hold.taken(full);
    hold.taken(undefined);
    expect(hold.held).toBeUndefined();
    await clock.advance(2000);
    expect(hold.probeDue).toBe(false);
    expect(happened).toEqual(['INBOX_FULL 1000', 'room']);
  });
});

describe('a peer that refuses a frame for a while', () => {
  it('gets nothing until the time is over and all that was under way came back', async () => {
    let isUnderWay = true;
    const { clock, hold, happened } = bench({ isUnderWay: () => isUnderWay });
    hold.refused(full);
    expect(hold.stops).toBe(true);
    await clock.advance(1000);
    expect(hold.stops).toBe(true);
    isUnderWay = false;
    hold.refused(full);
    expect(hold.stops).toBe(false);
    expect([hold.held, hold.window]).toEqual([undefined, 1]);
    expect(happened).toEqual(['INBOX_FULL 1000', 'resume']);
  });

  it('starts when the time is over, and not before, when nothing is under way', async () => {
    const { clock, hold, happened } = bench();
    hold.refused(full);
    hold.check();
    await clock.advance(999);
    expect(hold.stops).toBe(true);
    await clock.advance(1);
    expect(hold.stops).toBe(false);
    expect(happened).toEqual(['INBOX_FULL 1000', 'resume']);
  });

  it('is left alone when the courier ends', async () => {
    const { clock, hold, happened, stop } = bench();
    hold.refused(full);
    stop.abort();
    await clock.advance(10_000);
    expect(happened).toEqual(['INBOX_FULL 1000']);
  });
});
