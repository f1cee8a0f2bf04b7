import { describe, expect, test } from 'vitest';
import { defaultLimits } from '#kernel';
import { afterFailure, allowedAt, type Breaker, breakerState, closedBreaker } from './breaker.ts';

const limits = defaultLimits;
const minute = 60_000;

function failed(times: number, now: number): Breaker {
  let breaker = closedBreaker;
  for (let i = 0; i < times; i += 1) breaker = afterFailure(breaker, now, limits);
  return breaker;
}

describe('the breaker of a route', () => {
  test('stays closed below three failures in a row', () => {
    expect(breakerState(failed(2, 0), 0)).toBe('closed');
    expect(allowedAt(failed(2, 0))).toBe(0);
  });

  test('opens at the third failure for 60 s, then lets one probe through', () => {
    const breaker = failed(3, 1000);
    expect(breakerState(breaker, 1000)).toBe('open');
    expect(breakerState(breaker, 1000 + minute - 1)).toBe('open');
    expect(breakerState(breaker, 1000 + minute)).toBe('half-open');
    expect(allowedAt(breaker)).toBe(1000 + minute);
  });

  test('doubles its cooldown with each failed probe, up to ten minutes', () => {
    const cooldowns = [3, 4, 5, 6, 7, 8, 20].map((times) => failed(times, 0).cooldownMs / minute);
    expect(cooldowns).toEqual([1, 2, 4, 8, 10, 10, 10]);
  });
});
