import { existsSync, watch } from 'node:fs';
import { join } from 'node:path';
import { type Clock, MeshError } from '#kernel';
import { isAlive, runningFile } from './running-node.ts';

export interface ProcessEndOptions {
  readonly stateDir: string;
  readonly pid: number;
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

export interface ProcessEnd {
  /** Resolves when the process no longer exists. Rejects with TIMEOUT, or when the signal aborts. */
  readonly ended: Promise<void>;
  close(): void;
}

// Nothing tells of the few milliseconds between the removal of node.json and the end of the process.
const lastStepsMs = 5;
// A killed node removes nothing, so the process itself is looked at as well.
const lookMs = 250;

/** Watches a process that is no child of this one, from now on. */
export function processEnd({ stateDir, pid, timeoutMs, clock, signal }: ProcessEndOptions): ProcessEnd {
  const closing = new AbortController();
  const removed = Promise.withResolvers<void>();
  const file = join(stateDir, runningFile);
  const watcher = watch(stateDir, () => {
    if (!existsSync(file)) removed.resolve();
  });
  watcher.on('error', () => removed.resolve());
  const stop = AbortSignal.any([signal, closing.signal]);
  const untilGone = async (): Promise<void> => {
    const deadline = clock.monotonic() + timeoutMs;
    while (isAlive(pid)) {
      if (clock.monotonic() > deadline) throw stillRunning(pid, timeoutMs);
      const told = removed.promise.then(() => clock.sleep(lastStepsMs, { signal: stop }));
      await Promise.race([told, clock.sleep(lookMs, { signal: stop })]);
    }
  };
  const ended = untilGone();
  ended.catch(() => undefined);
  return {
    ended,
    close: () => {
      closing.abort();
      watcher.close();
    },
  };
}

const stillRunning = (pid: number, timeoutMs: number): MeshError =>
  new MeshError('TIMEOUT', `The node (process ${pid}) has not stopped within ${timeoutMs / 1000} s`, {
    hint: `Look into node.log; as a last resort run: kill ${pid}`,
  });
