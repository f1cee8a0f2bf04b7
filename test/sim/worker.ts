// One of the processes that run seeds: takes their numbers one after another, answers with what came of each.
import { type Base, makeBase } from './base.ts';
import { plants } from './plants.ts';
import type { Answer, Task } from './pool.ts';
import { hubsIn, runSeed } from './run-seed.ts';
import { asText, storyAbout } from './story.ts';

const bases = new Map<string, Promise<Base>>();

function baseOf(nodes: number, hubs: number): Promise<Base> {
  const key = `${nodes} ${hubs}`;
  const known = bases.get(key) ?? makeBase(nodes, hubs);
  bases.set(key, known);
  return known;
}

async function run({
  seed,
  nodes,
  hubs = hubsIn(seed),
  steps,
  plant,
  wholeStory,
}: Task): Promise<Omit<Answer, 'cpuSeconds' | 'megabytes'>> {
  const twist = plant === undefined ? undefined : plants[plant]?.twist;
  const result = await runSeed({ base: await baseOf(nodes, hubs), seed, steps, twist });
  const { story, violation, ...figures } = result;
  if (violation === undefined) return { ...figures, story: wholeStory ? story.map(asText) : [] };
  const lines = wholeStory ? story : storyAbout(story, violation.about);
  return { ...figures, violation, story: lines.map(asText) };
}

let taken = 0;

/** What this process took since it was last asked. */
function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  const seconds = (user + system) / 1e6;
  const since = seconds - taken;
  taken = seconds;
  return since;
}

const megabytes = (): number => Math.round(process.resourceUsage().maxRSS / 1024);

process.on('message', (task: Task) => {
  run(task).then(
    (answer) => process.send?.({ ...answer, cpuSeconds: cpuSeconds(), megabytes: megabytes() }),
    (error: unknown) => {
      console.error(`Seed ${task.seed} could not be run:`, error);
      process.exit(1);
    },
  );
});
process.send?.('ready');
