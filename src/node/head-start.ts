import type { Clock } from '#kernel';

export interface HeadStart {
  readonly clock: Clock;
  readonly ms: number;
  readonly signal: AbortSignal;
}

/** What comes in the head start; undefined when nothing does, or when it is aborted. Nothing waits any more then. */
export async function withHeadStart<T>(answer: Promise<T>, { clock, ms, signal }: HeadStart): Promise<T | undefined> {
  const over = new AbortController();
  const either = AbortSignal.any([signal, over.signal]);
  const late = clock.sleep(ms, { signal: either }).then(
    () => undefined,
    () => undefined,
  );
  try {
    return await Promise.race([answer, late]);
  } finally {
    over.abort();
  }
}
