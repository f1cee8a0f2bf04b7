import { describe, expect, test } from 'vitest';
import { defaultLimits, type Random } from '#kernel';
import { afterFailure, closedBreaker } from './breaker.ts';
import { nextAttemptAt } from './retry.ts';

const limits = defaultLimits;
const fixed = (fraction: number): Random => ({ bytes: (length) => new Uint8Array(length), fraction: () => fraction });

function attemptsFrom(now: number, failures: number, fraction: number): number {
  let breaker = closedBreaker;
  for (let i = 0; i < failures; i += 1) breaker = afterFailure(breaker, now, limits);
  return nextAttemptAt({ failures, now, breaker, random: fixed(fraction), limits }) - now;
}

describe('when a route is tried again', () => {
  test('at once when nothing failed yet', () => {
    expect(attemptsFrom(5000, 0, 0.5)).toBe(0);
  });

  test('after 2 s and 4 s, with 20 % jitter either way', () => {
    expect([0, 0.5, 1].map((fraction) => attemptsFrom(0, 1, fraction))).toEqual([1600, 2000, 2400]);
    expect([0, 0.5, 1].map((fraction) => attemptsFrom(0, 2, fraction))).toEqual([3200, 4000, 4800]);
  });

  test('never before the breaker allows it', () => {
    expect(attemptsFrom(0, 3, 0.5)).toBe(60_000);
    expect(attemptsFrom(0, 4, 0.5)).toBe(120_000);
    expect(attemptsFrom(0, 50, 0.5)).toBe(600_000);
  });
});
