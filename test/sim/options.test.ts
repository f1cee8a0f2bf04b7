import { describe, expect, it } from 'vitest';
import { readOptions } from './options.ts';

describe('the options of the simulator', () => {
  it('are two hundred seeds of eight nodes without any', () => {
    const { seeds, nodes, steps, trace, plant } = readOptions([]);
    expect([seeds.length, seeds[0], seeds.at(-1)]).toEqual([200, 1, 200]);
    expect([nodes, steps, trace, plant]).toEqual([8, 60, false, undefined]);
  });

  it('take a range of seeds, or one', () => {
    expect(readOptions(['--seeds', '5..8']).seeds).toEqual([5, 6, 7, 8]);
    expect(readOptions(['--seed', '37', '--trace'])).toMatchObject({ seeds: [37], trace: true });
  });

  it.each([
    [['--seeds', '8..5'], '5 is no whole number of at least 8'],
    [['--seeds', '1..2..3'], '1..2..3 is no range of seeds, such as 1..200'],
    [['--seed', 'x'], 'x is no whole number of at least 1'],
    [['--nodes', '1'], '1 is no whole number of at least 2'],
    [['--workers', '0'], '0 is no whole number of at least 1'],
    [['--plant', 'a typo'], 'There is no planted bug a typo'],
  ])('say what is wrong with %j', (args, message) => {
    expect(() => readOptions(args)).toThrow(message);
  });
});
