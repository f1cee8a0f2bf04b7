import { describe, expect, it } from 'vitest';
import { toUtf8 } from '#kernel';
import { fitted } from './fitted.ts';

describe('a reply in a message', () => {
  it('is left as it is when a message can carry it', () => {
    expect(fitted('x'.repeat(1000), { maxMessageBytes: 1000 })).toEqual({ body: 'x'.repeat(1000) });
  });

  it('is cut between two characters otherwise, and says how long it is', () => {
    for (const letter of ['x', 'ä', '語', '😀']) {
      const { body, metadata } = fitted(letter.repeat(1000), { maxMessageBytes: 500 });
      expect(toUtf8(body).length).toBeLessThanOrEqual(500);
      expect(body).not.toContain('\ufffd');
      expect(body).toMatch(/\[cut: the reply has \d+ bytes, a message at most 500\]$/);
      expect(metadata).toEqual({ cut: true, bytes: toUtf8(letter).length * 1000 });
    }
  });
});
