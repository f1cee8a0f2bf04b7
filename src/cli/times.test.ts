import { describe, expect, it } from 'vitest';
import { absolute, elapsed, relative, span, when } from './times.ts';

const now = Date.UTC(2026, 0, 31, 12);
const moment = { now, offsetMinutes: () => 60 };

describe('times', () => {
  it('tells a moment in the zone of the reader, and how far it is', () => {
    expect(when(now - 180_000, moment)).toBe('2026-01-31 12:57:00 (3 min ago)');
    expect(absolute(now, moment)).toBe('2026-01-31 13:00:00');
  });

  it('speaks of past and future in the largest unit that fits', () => {
    expect([0, 1999, 59_000, 3_599_000, 86_400_000].map((ms) => relative(now - ms, moment))).toEqual([
      'just now',
      'just now',
      '59 s ago',
      '59 min ago',
      '1 d ago',
    ]);
    expect(relative(now + 7_200_000, moment)).toBe('in 2 h');
  });

  it('tells how long something took', () => {
    expect([3.4, 1300, 120_000].map(elapsed)).toEqual(['3 ms', '1.3 s', '2 min']);
    expect(span(500)).toBe('0 s');
  });

  it('does not fail on a time that no calendar has', () => {
    expect(absolute(Number.MAX_SAFE_INTEGER, moment)).toBe(String(Number.MAX_SAFE_INTEGER).slice(0, 19));
  });
});
