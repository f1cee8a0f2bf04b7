import { describe, expect, test } from 'vitest';
import type { Rule } from './check.ts';
import { type PlantedFault, plantedFaults } from '../support/crash-child/planted.ts';
import { sideNames } from './pair.ts';
import type { PlannedRound } from './plan.ts';
import type { Episode } from './round.ts';
import { runRound } from './run-crash.ts';

/** Which of the rules one of them breaks first is a matter of when it is killed. */
const finds: Readonly<Record<PlantedFault, readonly Rule[]>> = {
  'acknowledges-before-commit': ['lost', 'outOfOrder'],
  'tells-before-sync': ['lost', 'outOfOrder', 'untruthful'],
  'completes-before-handler': ['lost'],
  'believes-the-socket': ['untruthful'],
};

/** Each side ends at the point, more than once. */
const endingAt = (point: string): readonly Episode[] =>
  [0, 1].flatMap((skip) =>
    sideNames.map((side): Episode => ({ kind: 'point', side, point, both: false, skip, powerCut: true })),
  );

const roundWith = (planted: PlantedFault): PlannedRound => ({
  kind: 'traffic',
  number: 1,
  seed: `planted/${planted}`,
  forms: { alice: 'armed-agent', bob: 'armed-agent' },
  episodes: endingAt(plantedFaults[planted]),
});

const faults = Object.keys(finds) as readonly PlantedFault[];

describe.concurrent('a mesh that', () => {
  test.for(faults)('%s is found out', { timeout: 240_000 }, async (planted) => {
    const { result, broken } = await runRound(roundWith(planted), { planted, keep: 'none' });
    expect(broken).toBeUndefined();
    const rules = new Set(result.violations.map(({ rule }) => rule));
    expect(finds[planted].filter((rule) => rules.has(rule))).not.toEqual([]);
  });
});
