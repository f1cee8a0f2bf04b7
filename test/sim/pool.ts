import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Violation } from './judge.ts';

export interface Task {
  readonly seed: number;
  readonly nodes: number;
  /** Without it every third seed has some. */
  readonly hubs?: number | undefined;
  readonly steps: number;
  /** The name of a planted bug. */
  readonly plant?: string | undefined;
  /** All that happened, also when nothing is wrong; otherwise only what explains a violation. */
  readonly wholeStory: boolean;
}

export interface Answer {
  readonly seed: number;
  readonly violation?: Violation;
  readonly story: readonly string[];
  readonly messages: number;
  readonly handled: number;
  readonly deaths: number;
  readonly steps: number;
  readonly minutes: number;
  /** Memory of its process. */
  readonly megabytes: number;
  /** What its process took since the answer before. */
  readonly cpuSeconds: number;
}

const worker = fileURLToPath(new URL('worker.ts', import.meta.url));

/**
 * Runs the tasks in so many processes, and yields the answers as they come. Who stops reading stops the rest.
 */
export async function* runTasks(tasks: Iterable<Task>, processes: number): AsyncGenerator<Answer> {
  const queue = tasks[Symbol.iterator]();
  const answers: Answer[] = [];
  let news = Promise.withResolvers<void>();
  let failure: Error | undefined;
  const children = new Set<ChildProcess>();
  const next = (child: ChildProcess): void => {
    const task = queue.next();
    if (task.done !== true) child.send(task.value);
    else {
      children.delete(child);
      child.disconnect();
      news.resolve();
    }
  };
  const start = (): void => {
    const child = fork(worker, { execArgv: ['--conditions=source', '--no-warnings'] });
    children.add(child);
    child.on('message', (message: Answer | 'ready') => {
      if (message !== 'ready') answers.push(message);
      news.resolve();
      next(child);
    });
    child.on('exit', (code) => {
      if (children.delete(child)) failure ??= new Error(`A process ended with ${code}`);
      news.resolve();
    });
  };
  for (let n = 0; n < processes; n += 1) start();
  try {
    while (children.size > 0 || answers.length > 0) {
      yield* answers.splice(0);
      if (failure !== undefined) throw failure;
      if (children.size === 0) break;
      await news.promise;
      news = Promise.withResolvers();
    }
    yield* answers.splice(0);
  } finally {
    for (const child of children) child.kill();
  }
}
