import { afterEach, describe, expect, test } from 'vitest';
import { defaultLimits } from '#kernel';
import { bench, closeCouriers, FakeLink, frameOf, settled } from '../../test/support/courier-bench.ts';

afterEach(closeCouriers);

const frames = (first: number, last: number) => Array.from({ length: last - first + 1 }, (_, n) => frameOf(first + n));
const pause = (retryAfterMs: number) => ({ code: 'INBOX_FULL', retryAfterMs }) as const;
const refusedFor = (retryAfterMs: number) => ({ kind: 'refused', ...pause(retryAfterMs) }) as const;

describe('a peer that takes a frame and asks for a pause', () => {
  test('gets what is sealed already, and is asked by one frame when the time is over', async () => {
    const { clock, courier, changes, outcomes, dialled } = bench();
    courier.submit(frames(1, 2));
    const link = await dialled();
    link.answer('frm_1', { kind: 'delivered', pause: pause(5000) });
    await settled();
    expect(courier.isHeld).toBe(true);
    expect(courier.status().held).toEqual({ code: 'INBOX_FULL', until: clock.now() + 5000 });
    expect(changes).toContainEqual({ type: 'held', held: { code: 'INBOX_FULL', until: clock.now() + 5000 } });
    // Receipts go on meanwhile.
    link.answer('frm_2', { kind: 'delivered', pause: pause(5000) });
    courier.submit([frameOf(3)]);
    await settled();
    expect(link.written).toEqual(['frm_1', 'frm_2', 'frm_3']);
    link.answer('frm_3', { kind: 'delivered', pause: pause(5000) });
    await settled();
    expect(courier.probeDue).toBe(false);
    await clock.advance(5000);
    expect(courier.probeDue).toBe(true);
    courier.submit([frameOf(4)]);
    expect(courier.probeDue).toBe(false);
    link.answer('frm_4', { kind: 'delivered' });
    await settled();
    expect(courier.isHeld).toBe(false);
    expect(outcomes).toEqual([1, 2, 3, 4].map((n) => `frm_${n} delivered`));
  });

  test('is given one frame at first after the pause, and one more with each that it takes', async () => {
    const { clock, courier, dialled } = bench();
    courier.submit([frameOf(1)]);
    const link = await dialled();
    link.answer('frm_1', { kind: 'delivered', pause: pause(1000) });
    await settled();
    await clock.advance(1000);
    courier.submit([frameOf(2)]);
    expect(courier.hasRoom).toBe(false);
    link.answer('frm_2', { kind: 'delivered' });
    await settled();
    courier.submit([frameOf(3)]);
    expect(courier.hasRoom).toBe(true);
    courier.submit([frameOf(4)]);
    expect(courier.hasRoom).toBe(false);
  });

  test('makes nobody wait longer than the longest pause, whatever it says', async () => {
    const { clock, courier, dialled } = bench();
    courier.submit([frameOf(1)]);
    (await dialled()).answer('frm_1', { kind: 'delivered', pause: pause(10 * defaultLimits.maxHoldMs) });
    await settled();
    expect(courier.status().held?.until).toBe(clock.now() + defaultLimits.maxHoldMs);
  });

  test('holds nothing back with a code that does not pass', async () => {
    const { courier, dialled } = bench();
    courier.submit([frameOf(1)]);
    (await dialled()).answer('frm_1', { kind: 'delivered', pause: { code: 'NOT_TRUSTED', retryAfterMs: 1000 } });
    await settled();
    expect(courier.isHeld).toBe(false);
  });
});

describe('a peer that refuses a frame until a time', () => {
  test('gets it again on the same link, first and with all that is behind it, once the time is over and all is answered', async () => {
    const { clock, courier, links, outcomes, dialled } = bench();
    courier.submit(frames(1, 3));
    const link = await dialled();
    link.answer('frm_1', refusedFor(5000));
    link.answer('frm_2', refusedFor(5000));
    await settled();
    courier.submit([frameOf(4)]);
    expect(courier.hasRoom).toBe(false);
    await clock.advance(5000);
    await settled();
    // The third is still under way: what follows would overtake it.
    expect(link.written).toEqual(['frm_1', 'frm_2', 'frm_3']);
    link.answer('frm_3', refusedFor(5000));
    await settled();
    expect(link.written.slice(3)).toEqual(['frm_1', 'frm_2', 'frm_3', 'frm_4']);
    for (const n of [1, 2, 3, 4]) link.answer(`frm_${n}`, { kind: 'delivered' });
    await settled();
    expect(outcomes).toEqual([1, 2, 3, 4].map((n) => `frm_${n} delivered`));
    expect(courier.status()).toMatchObject({ link: 'up', breaker: 'closed' });
    expect(links).toHaveLength(1);
  });

  test('gets everything again on the next link when the first one ends meanwhile', async () => {
    const { clock, courier, outcomes, dialled } = bench();
    courier.submit(frames(1, 2));
    const first = await dialled();
    first.answer('frm_1', refusedFor(60_000));
    await settled();
    first.close('LINK_CLOSED');
    await settled();
    await clock.advance(60_000);
    const second = await dialled();
    await settled();
    expect(second).not.toBe(first);
    expect(second.written).toEqual(['frm_1', 'frm_2']);
    for (const n of [1, 2]) second.answer(`frm_${n}`, { kind: 'delivered' });
    await settled();
    expect(outcomes).toEqual(['frm_1 delivered', 'frm_2 delivered']);
  });

  test('stops waiting for a frame whose session is gone: a new link begins with the next', async () => {
    const { courier, dialled } = bench();
    courier.submit([frameOf(1, 'old')]);
    const first = await dialled();
    first.answer('frm_1', refusedFor(60_000));
    await settled();
    courier.drop('old');
    await expect(first.closed).resolves.toBeUndefined();
  });

  test('gets it over a newer link once the time is over', async () => {
    const { clock, courier, outcomes } = bench();
    const [older, newer] = [new FakeLink(), new FakeLink()];
    courier.attach(older);
    await settled();
    courier.submit([frameOf(1)]);
    older.answer('frm_1', refusedFor(1000));
    await settled();
    courier.attach(newer);
    await clock.advance(1000);
    await settled();
    newer.answer('frm_1', { kind: 'delivered' });
    await settled();
    expect(outcomes).toEqual(['frm_1 delivered']);
  });
});
