import { describe, expect, it } from 'vitest';
import { inOrder } from './in-order.ts';

describe('work on several things at once', () => {
  it('gives results in the order of the things, and never has more at work than allowed', async () => {
    const steps: string[] = [];
    const doors = Array.from({ length: 5 }, () => Promise.withResolvers<void>());
    let atWork = 0;
    let most = 0;
    const work = async (item: number): Promise<number> => {
      atWork += 1;
      most = Math.max(most, atWork);
      await doors[item]?.promise;
      steps.push(`done ${item}`);
      atWork -= 1;
      return item;
    };
    const results = (async () => {
      for await (const result of inOrder([0, 1, 2, 3, 4], 2, work)) steps.push(`result ${result}`);
    })();
    // The second ends before the first, and the third takes its place.
    for (const item of [1, 2, 0, 4, 3]) {
      doors[item]?.resolve();
      await Promise.resolve();
    }
    await results;
    expect(most).toBe(2);
    expect(steps.filter((step) => step.startsWith('result'))).toEqual([0, 1, 2, 3, 4].map((n) => `result ${n}`));
    expect(steps.indexOf('done 1')).toBeLessThan(steps.indexOf('result 0'));
  });

  it('fails with what fails first in that order', async () => {
    const all = inOrder([1, 2, 3], 3, async (item) => {
      if (item > 1) throw new Error(`no ${item}`);
      return item;
    });
    expect((await all.next()).value).toBe(1);
    await expect(all.next()).rejects.toThrow('no 2');
  });
});
