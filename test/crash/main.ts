// `npm run crash -- --kills N [--seed S] [--round R] [--keep] [--need-small-disk] [--json]`: ends real processes at every point of their
// work while messages flow, and looks whether any message was lost, doubled or misrepresented.
import { randomBytes } from 'node:crypto';
import { parseArgs } from 'node:util';
import { killsForAll } from './plan.ts';
import { allPoints } from './points.ts';
import { type CrashOptions, isClean, runCrash, summarize } from './run-crash.ts';

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '300' },
    seed: { type: 'string', default: randomBytes(4).toString('hex') },
    round: { type: 'string' },
    parallel: { type: 'string', default: '3' },
    keep: { type: 'boolean', default: false },
    'need-small-disk': { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    points: { type: 'boolean', default: false },
  },
});

async function main(): Promise<number> {
  const startedAt = performance.now();
  const { kills, seed, round, parallel, keep } = values;
  const options: CrashOptions = {
    kills: Number(kills),
    seed,
    parallel: Number(parallel),
    ...(keep ? { keep: 'all' as const } : {}),
    ...(round === undefined ? {} : { round: Number(round) }),
    note: (text) => void process.stderr.write(`${text}\n`),
  };
  const outcomes = await runCrash(options);
  const summary = summarize(outcomes);
  const seconds = Math.round((performance.now() - startedAt) / 1000);
  const isWhole = round === undefined && options.kills >= killsForAll;
  const missing = isWhole ? allPoints.filter(({ name }) => summary.killsPerPoint[name] === 0) : [];
  for (const { name } of missing) process.stderr.write(`${name} was never reached\n`);
  const leftOut = outcomes.flatMap(({ leftOut: why }) => why ?? []);
  for (const why of leftOut) process.stderr.write(`Left out: ${why}\n`);
  print({ ...summary, seconds, seed });
  const isComplete = leftOut.length === 0 || !values['need-small-disk'];
  return outcomes.every(isClean) && missing.length === 0 && isComplete ? 0 : 1;
}

function print(figures: Readonly<Record<string, unknown>>): void {
  if (values.json) {
    process.stdout.write(`${JSON.stringify(figures)}\n`);
    return;
  }
  const { killsPerPoint, ...numbers } = figures;
  for (const [name, value] of Object.entries(numbers)) process.stdout.write(`${name.padEnd(16)} ${String(value)}\n`);
  const perPoint = Object.entries(killsPerPoint ?? {});
  for (const [name, value] of perPoint) process.stdout.write(`${name.padEnd(36)} ${String(value)}\n`);
}

process.once('SIGINT', () => process.exit(130));
if (values.points) for (const { name, says } of allPoints) process.stdout.write(`${name.padEnd(36)} ${says}\n`);
else process.exitCode = await main();
