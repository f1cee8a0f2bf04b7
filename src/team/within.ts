import type { Clock, MeshError } from '#kernel';

export interface Limit {
  readonly clock: Clock;
  readonly timeoutMs: number;
  /** Of the caller. */
  readonly signal: AbortSignal;
  /** What it fails with when the time is over. */
  late(): MeshError;
}

/** Rejects as soon as the caller gives up or the time is over, even when the work hears of neither; the work's signal tells it of both. */
export async function within<T>(limit: Limit, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const { clock, timeoutMs, signal, late } = limit;
  signal.throwIfAborted();
  const over = new AbortController();
  const tooLate = new AbortController();
  void clock.sleep(timeoutMs, { signal: over.signal }).then(
    () => tooLate.abort(late()),
    () => undefined,
  );
  const either = AbortSignal.any([signal, tooLate.signal]);
  const given = Promise.withResolvers<never>();
  const giveUp = (): void => given.reject(either.reason);
  either.addEventListener('abort', giveUp, { once: true });
  const done = work(either);
  // It may fail after nobody waits for it any more.
  done.catch(() => undefined);
  try {
    return await Promise.race([done, given.promise]);
  } finally {
    either.removeEventListener('abort', giveUp);
    over.abort();
  }
}
