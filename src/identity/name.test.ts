import { describe, expect, it } from 'vitest';
import { parseName } from './name.ts';

describe('a name', () => {
  it('is 1 to 63 characters of a-z 0-9 . _ - that begin with a letter or digit', () => {
    for (const name of ['a', '7', 'alice', 'build-bot.2', 'a_b', 'a'.repeat(63)]) expect(parseName(name)).toBe(name);
  });

  it('is refused with INVALID_ARGUMENT otherwise', () => {
    const refused = [
      '',
      '-a',
      '.a',
      '_a',
      'Alice',
      'a b',
      'a/b',
      '../a',
      'a\0',
      'a\n',
      'é',
      'a'.repeat(64),
      undefined,
      null,
      7,
      {},
    ];
    for (const value of refused)
      expect(() => parseName(value)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
  });
});
