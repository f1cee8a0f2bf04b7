// `npm run sim`: runs seeds and says what each that fails is about; see test/sim/README.md.
import { inWords } from './in-words.ts';
import { readOptions, type SimOptions, usage } from './options.ts';
import { plants } from './plants.ts';
import { type Answer, runTasks, type Task } from './pool.ts';

const say = (text: string): void => void process.stdout.write(`${text}\n`);

const tasksOf = ({ seeds, nodes, hubs, steps, trace }: SimOptions, plant?: string): readonly Task[] =>
  seeds.map((seed) => ({ seed, nodes, hubs, steps, plant, wholeStory: trace }));

async function runAll(options: SimOptions): Promise<boolean> {
  const began = performance.now();
  const answers: Answer[] = [];
  for await (const answer of runTasks(tasksOf(options), Math.min(options.workers, options.seeds.length))) {
    answers.push(answer);
    if (options.json) continue;
    if (answers.length % 100 === 0 && answers.length < options.seeds.length) say(`… ${answers.length} seeds`);
    if (options.trace) for (const line of answer.story) say(line);
    for (const line of inWords(options.trace ? { ...answer, story: [] } : answer)) say(line);
  }
  const cpuSeconds = answers.reduce((total, answer) => total + answer.cpuSeconds, 0);
  const minutes = (performance.now() - began) / 60_000;
  const failed = answers.filter(({ violation }) => violation !== undefined);
  const sum = (of: (answer: Answer) => number): number => answers.reduce((total, answer) => total + of(answer), 0);
  const figures = {
    seeds: answers.length,
    failed: failed.length,
    messages: sum(({ messages }) => messages),
    handled: sum(({ handled }) => handled),
    deaths: sum(({ deaths }) => deaths),
    simulatedMinutes: Math.round(sum((answer) => answer.minutes)),
    megabytes: Math.max(...answers.map(({ megabytes }) => megabytes)),
    seconds: Math.round(minutes * 60),
    seedsPerMinute: Math.round(answers.length / minutes),
    seedsPerCpuMinute: Math.round((answers.length * 60) / cpuSeconds),
  };
  const failures = failed.map(({ seed, violation }) => ({ seed, ...violation }));
  if (options.json) say(JSON.stringify({ ...figures, failures }));
  else for (const [name, value] of Object.entries(figures)) say(`${name.padEnd(20)} ${value}`);
  return failed.length === 0;
}

/** Every planted bug must be found by one of the seeds. */
async function findPlanted(options: SimOptions): Promise<boolean> {
  const found: Record<string, object> = {};
  for (const plant of options.plant === undefined ? Object.keys(plants) : [options.plant]) {
    let tried = 0;
    let finding: Answer | undefined;
    for await (const answer of runTasks(tasksOf(options, plant), options.workers)) {
      tried += 1;
      if (answer.violation === undefined) continue;
      finding = answer;
      break;
    }
    const { seed, violation } = finding ?? {};
    found[plant] = { found: finding !== undefined, tried, seed, ...violation };
    if (options.json) continue;
    say(
      finding === undefined
        ? `NOT FOUND  ${plant}: ${tried} seeds saw nothing`
        : `found      ${plant}: seed ${seed}, ${violation?.rule}: ${violation?.text}`,
    );
  }
  if (options.json) say(JSON.stringify(found));
  return Object.values(found).every((one) => 'found' in one && one.found === true);
}

try {
  const options = readOptions(process.argv.slice(2));
  const isClean = await (options.planted || options.plant !== undefined ? findPlanted(options) : runAll(options));
  process.exitCode = isClean ? 0 : 1;
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${usage}`);
  process.exitCode = 2;
}
