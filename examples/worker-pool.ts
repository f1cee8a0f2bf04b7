// A pool: whoever is free gets the next job. A worker that goes away in the middle costs a repetition, not a result.
//   node --conditions=source examples/worker-pool.ts
import { Agent, LocalHub } from 'agent-mesh';

const hub = new LocalHub();
const boss = new Agent('boss', { hub });
const workers = ['ada', 'ben', 'cyd'].map((name) => new Agent(name, { hub }));
await Promise.all(workers.map((worker) => hub.introduce(boss, worker)));

const leaving = Promise.withResolvers<void>();
const awake = Promise.withResolvers<void>();
for (const worker of workers) {
  worker.onMessage(({ text }) => {
    if (worker.name !== 'cyd') return String(Number(text) ** 2);
    // Cyd falls asleep over its first job, and is taken away.
    leaving.resolve();
    return awake.promise;
  });
}

const jobs = Array.from({ length: 20 }, (_, n) => String(n + 1));
const results = new Map<string, string>();
let repeated = 0;

/** Gives one worker a job after the other, as long as it is there. */
async function keepBusy(name: string, gone: AbortSignal): Promise<void> {
  for (let job = jobs.shift(); job !== undefined; job = jobs.shift()) {
    try {
      const { answer } = await boss.ask(name, job, { signal: gone });
      results.set(job, answer.body);
    } catch {
      repeated += 1;
      jobs.push(job);
      return;
    }
  }
}

const gone = new AbortController();
const never = new AbortController();
const lost = keepBusy('cyd', gone.signal);
await leaving.promise;
gone.abort();
await lost;
await Promise.all(['ada', 'ben'].map((name) => keepBusy(name, never.signal)));

const sum = [...results.values()].reduce((all, one) => all + Number(one), 0);
console.log(`${results.size} results, sum of squares ${sum}, ${repeated} job given to another worker`);

awake.resolve();
for (const agent of [boss, ...workers]) await agent.close();

// Prints:
// 20 results, sum of squares 2870, 1 job given to another worker
