import { describe, expect, it } from 'vitest';
import { parseDuration, parseMoment, parseSize } from './duration.ts';

describe('parseDuration', () => {
  it.each([
    ['60s', 60_000],
    ['30m', 1_800_000],
    ['24h', 86_400_000],
    ['7d', 604_800_000],
    ['1h30m', 5_400_000],
    ['250ms', 250],
    ['1.5h', 5_400_000],
    [' 2W ', 1_209_600_000],
  ])('takes %s', (text, ms) => {
    expect(parseDuration(text, '--ttl')).toBe(ms);
  });

  it.each(['', '5', 'soon', '-5s', '5 s', '0s', '1e3s', '99999999999999999d', '5s and more'])(
    'refuses %j and names the option',
    (text) => {
      expect(() => parseDuration(text, '--ttl')).toThrow(`--ttl: ${JSON.stringify(text)} is not a duration`);
    },
  );

  it('asks for the unit of a bare number', () => {
    expect(() => parseDuration('5', '--ttl')).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', hint: expect.stringContaining('5s, 5m or 5h') as string }),
    );
  });
});

describe('parseSize', () => {
  it.each([
    ['4096', 4096],
    ['16KB', 16_384],
    ['10k', 10_240],
    ['1MB', 1_048_576],
    ['1.5 kb', 1536],
    ['7b', 7],
    ['2 GB', 2_147_483_648],
  ])('takes %s', (text, bytes) => {
    expect(parseSize(text, '--max-attachment')).toBe(bytes);
  });

  it.each(['', '-1', '5 TB', 'KB'])('refuses %j', (text) => {
    expect(() => parseSize(text, '--max-attachment')).toThrow('is not a size');
  });
});

describe('parseMoment', () => {
  const now = Date.UTC(2026, 0, 31, 12);

  it('takes how long ago it was', () => {
    expect(parseMoment('24h', '--since', now)).toBe(now - 86_400_000);
  });

  it('takes a date, which begins at midnight UTC', () => {
    expect(parseMoment('2026-01-30', '--since', now)).toBe(Date.UTC(2026, 0, 30));
  });

  it.each(['yesterday', '2026-13-45', '1', '31.1.2026'])('refuses %j', (text) => {
    expect(() => parseMoment(text, '--since', now)).toThrow('--since');
  });
});
