import { describe, expect, test } from 'vitest';
import { isClean, runCrash, summarize, tellOutcome } from './run-crash.ts';

const options = { kills: 20, seed: 'small', parallel: 2, note: () => {} };

describe('processes that are killed at the points of their work, and at any time, while messages flow both ways', () => {
  test(
    'lose no message, handle none twice or out of order, and show no state that is not true',
    { timeout: 240_000 },
    async () => {
      const outcomes = await runCrash(options);
      const stories = outcomes.filter((outcome) => !isClean(outcome)).map((outcome) => tellOutcome(outcome, options));
      expect(stories).toEqual([]);
      const { kills, sent, handled, pointsMet } = summarize(outcomes);
      expect(kills).toBeGreaterThanOrEqual(20);
      expect(pointsMet).toBeGreaterThanOrEqual(8);
      expect(sent).toBeGreaterThan(200);
      expect(handled).toBe(sent);
    },
  );
});
