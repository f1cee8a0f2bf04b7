import type { Clock, MeshError } from '#kernel';

export interface Deadline {
  readonly clock: Clock;
  readonly ms: number;
  /** What the promise rejects with when time is over. */
  readonly late: () => MeshError;
  readonly signal?: AbortSignal | undefined;
}

/**
 * The result of `work`; rejects when it takes longer than `ms`, or with the reason of the signal. The work itself goes
 * on.
 */
export function inTime<T>(work: Promise<T>, deadline: Deadline): Promise<T> {
  const { clock, ms, late, signal } = deadline;
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  const aborted = (): void => reject(signal?.reason);
  work.then(resolve, reject);
  const alarm = clock.alarm(ms, () => reject(late()));
  if (signal?.aborted === true) aborted();
  signal?.addEventListener('abort', aborted, { once: true });
  return promise.finally(() => {
    alarm[Symbol.dispose]();
    signal?.removeEventListener('abort', aborted);
  });
}
