import { type Clock, MeshError } from '#kernel';

export interface InTime {
  readonly clock: Clock;
  readonly timeoutMs: number;
  /** What HANDLER_TIMEOUT says. */
  readonly text: string;
}

/**
 * Whoever listens to the signal given learns of the caller's abort and of the timeout; the timeout becomes
 * HANDLER_TIMEOUT.
 */
export async function inTime<T>(
  { clock, timeoutMs, text }: InTime,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const over = new AbortController();
  const late = new AbortController();
  clock.sleep(timeoutMs, { signal: over.signal }).then(
    () => late.abort(new MeshError('HANDLER_TIMEOUT', text)),
    () => {},
  );
  try {
    return await work(AbortSignal.any([signal, late.signal]));
  } catch (error) {
    signal.throwIfAborted();
    late.signal.throwIfAborted();
    throw error;
  } finally {
    over.abort();
  }
}
