import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { plants } from './plants.ts';

export interface SimOptions {
  readonly seeds: readonly number[];
  readonly nodes: number;
  /** In every seed so many. */
  readonly hubs: number | undefined;
  readonly steps: number;
  readonly trace: boolean;
  readonly json: boolean;
  readonly planted: boolean;
  /** The only planted bug to look for. */
  readonly plant: string | undefined;
  readonly workers: number;
}

export const usage = `Usage: npm run sim -- [--seeds 1..200 | --seed 7 [--trace]] [--nodes 8] [--hubs N] [--steps 60]
                         [--workers N] [--planted | --plant NAME] [--json]
  --seeds FROM..TO  the seeds to run
  --seed N          one seed; with --trace, everything that happens in it
  --nodes N         machines, at least 2
  --hubs N          so many hubs in every seed; without it every third seed has two
  --agents N        a crowd: so many agents with a few contacts each, on three hubs; one seed, and two steps for each
  --steps N         how much people and misfortunes do before everything heals
  --workers N       processes that run seeds; as many as there are processors without it
  --planted         plants each known bug in the nodes, and runs seeds until one finds it
  --plant NAME      the same with one of them: ${Object.keys(plants)
    .map((name) => `\n                      ${name}`)
    .join('')}
  --json            one JSON document at the end
`;

const defaults = { seeds: '1..200', nodes: '8', steps: '60' } as const;
/** Of a crowd: for each agent so many deeds and misfortunes. */
const crowd = { seeds: '1', hubs: '3', stepsEach: 2 } as const;

/** Throws an Error whose message is for people. */
export function readOptions(args: readonly string[]): SimOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seeds: { type: 'string' },
      seed: { type: 'string' },
      agents: { type: 'string' },
      nodes: { type: 'string', default: defaults.nodes },
      hubs: { type: 'string' },
      steps: { type: 'string' },
      trace: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      planted: { type: 'boolean', default: false },
      plant: { type: 'string' },
      workers: { type: 'string', default: String(availableParallelism()) },
    },
  });
  const { trace, json, planted, plant, agents } = values;
  const nodes = wholeNumber(agents ?? values.nodes, 2);
  const usual =
    agents === undefined ? defaults : { ...defaults, seeds: crowd.seeds, steps: String(nodes * crowd.stepsEach) };
  const hubs = values.hubs ?? (agents === undefined ? undefined : crowd.hubs);
  if (plant !== undefined && !Object.hasOwn(plants, plant)) throw new Error(`There is no planted bug ${plant}`);
  return {
    seeds: rangeOf(values.seed ?? values.seeds ?? usual.seeds),
    nodes,
    hubs: hubs === undefined ? undefined : wholeNumber(hubs, 0),
    steps: wholeNumber(values.steps ?? usual.steps, 1),
    trace,
    json,
    planted,
    plant,
    workers: wholeNumber(values.workers, 1),
  };
}

function rangeOf(text: string): readonly number[] {
  const [from = '', to = from, ...rest] = text.split('..');
  const first = wholeNumber(from, 1);
  const last = wholeNumber(to, first);
  if (rest.length > 0) throw new Error(`${text} is no range of seeds, such as 1..200`);
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

function wholeNumber(text: string, least: number): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < least) throw new Error(`${text} is no whole number of at least ${least}`);
  return value;
}
