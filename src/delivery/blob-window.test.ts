import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { BlobWindow } from './blob-window.ts';

const limits = { minBlobWindowBytes: 64, maxBlobWindowBytes: 4096, blobWindowMs: 250, blobAskBytes: 512 };

/** Asks for all there is room for, and lets so many bytes come in each of the spans. */
async function run(window: BlobWindow, clock: ManualClock, perSpan: readonly number[]): Promise<readonly number[]> {
  const sizes: number[] = [];
  await window.take(0);
  for (const bytes of perSpan) {
    await clock.advance(limits.blobWindowMs);
    window.arrived(bytes);
    window.giveBack(-bytes);
    sizes.push(window.bytes);
  }
  return sizes;
}

describe('what may be asked for at once', () => {
  it('is what came in the last quarter of a second, between the least and the most', async () => {
    const clock = new ManualClock();
    const window = new BlobWindow({ clock, limits });
    expect(window.bytes).toBe(64);
    await window.take(64);
    expect(await run(window, clock, [64, 200, 1000, 100_000, 500, 10])).toEqual([64, 200, 1000, 4096, 500, 64]);
  });

  it('does not shrink when nothing was asked for', async () => {
    const clock = new ManualClock();
    const window = new BlobWindow({ clock, limits });
    await window.take(64);
    await run(window, clock, [1000]);
    window.giveBack(64);
    await clock.advance(60_000);
    await window.take(64);
    window.arrived(64);
    expect(window.bytes).toBe(1000);
  });

  it('is kept: who asks for more waits until something came', async () => {
    const clock = new ManualClock();
    const window = new BlobWindow({ clock, limits });
    await window.take(64);
    let taken = 0;
    const waiting = [16, 16].map(async (bytes) => {
      await window.take(bytes);
      taken += 1;
    });
    await clock.advance(0);
    expect(taken).toBe(0);
    window.arrived(16);
    await waiting[0];
    expect(taken).toBe(1);
    window.giveBack(16);
    await Promise.all(waiting);
  });

  it('takes one ask that is larger than itself, so that it never stands still', async () => {
    const window = new BlobWindow({ clock: new ManualClock(), limits });
    await window.take(1000);
    window.giveBack(1000);
    expect(window.askBytes).toBe(16);
  });
});
