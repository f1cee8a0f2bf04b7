import { describe, expect, test } from 'vitest';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { AddressRate } from './address-rate.ts';

const limits = { publicRequestsPerSecond: 10, publicRequestBurst: 3, maxPublicAddresses: 2 };

function setUp() {
  const clock = new ManualClock();
  const rate = new AddressRate({ clock, limits });
  const takeAll = (address: string): number[] => Array.from({ length: 4 }, () => rate.take(address));
  return { clock, rate, takeAll };
}

describe('the rate of an address', () => {
  test('allows a burst, then says how long to wait, and allows as many as time gives back', async () => {
    const { clock, rate, takeAll } = setUp();
    expect(takeAll('10.0.0.1')).toEqual([0, 0, 0, 100]);
    await clock.advance(99);
    expect(rate.take('10.0.0.1')).toBe(1);
    await clock.advance(1);
    expect([rate.take('10.0.0.1'), rate.take('10.0.0.1')]).toEqual([0, 100]);
    await clock.advance(60_000);
    expect(takeAll('10.0.0.1')).toEqual([0, 0, 0, 100]);
  });

  test('is not changed by a clock that is set back', async () => {
    const { clock, takeAll, rate } = setUp();
    takeAll('10.0.0.1');
    clock.jump(-3_600_000);
    await clock.advance(100);
    expect(rate.take('10.0.0.1')).toBe(0);
  });

  test('is its own for each address', () => {
    const { takeAll } = setUp();
    takeAll('10.0.0.1');
    expect(takeAll('10.0.0.2')).toEqual([0, 0, 0, 100]);
  });

  test.each([
    ['::ffff:10.0.0.1', '10.0.0.1'],
    ['2001:db8:1:2::1', '2001:db8:1:2:ffff:ffff:ffff:ffff'],
    ['2001:DB8::1', '2001:db8:0:0:1::'],
    ['fe80::1%eth0', 'fe80::2'],
    ['::1', '::2'],
  ])('is one for %s and %s, which are one host or its network', (one, other) => {
    const { rate, takeAll } = setUp();
    takeAll(one);
    expect(rate.take(other)).toBeGreaterThan(0);
  });

  test.each([
    ['2001:db8:1:2::1', '2001:db8:1:3::1'],
    ['2001:db8::1', '2001:db9::1'],
  ])('is not one for %s and %s', (one, other) => {
    const { rate, takeAll } = setUp();
    takeAll(one);
    expect(rate.take(other)).toBe(0);
  });

  test('is remembered for the addresses that were seen last, and no more', () => {
    const { rate, takeAll } = setUp();
    takeAll('10.0.0.1');
    takeAll('10.0.0.2');
    rate.take('10.0.0.1');
    rate.take('10.0.0.3');
    expect(rate.size).toBe(2);
    expect(rate.take('10.0.0.1')).toBeGreaterThan(0);
    expect(rate.take('10.0.0.2')).toBe(0);
  });
});
