import { setTimeout as delay } from 'node:timers/promises';

/** What the promise resolves with; undefined when it takes longer. */
export async function inTime<T>(promise: Promise<T>, ms: number): Promise<T | undefined> {
  const stop = new AbortController();
  const late = delay(ms, undefined, { signal: stop.signal }).catch(() => undefined);
  try {
    return await Promise.race([promise, late]);
  } finally {
    stop.abort();
  }
}
