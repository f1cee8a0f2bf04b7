import { setImmediate as turn, setTimeout as delay } from 'node:timers/promises';

/** Time as the rest of the system sees it; only this file reads the machine's clock. */
export interface Clock {
  /** Milliseconds since 1970, wall clock: may jump. For timestamps and expiry. */
  now(): number;
  /** Milliseconds that never go back. For latency and timeouts. */
  monotonic(): number;
  /** Resolves after `ms`; rejects with the signal's reason when aborted. */
  sleep(ms: number, options?: { readonly signal?: AbortSignal | undefined }): Promise<void>;
  /** Calls `ring` once after `ms`, unless what is returned was disposed of before. Much cheaper than `sleep`: for what exists in thousands. */
  alarm(ms: number, ring: () => void): Disposable;
  /** Resolves in the next turn of the event loop: what is ready now goes first. Takes no time that a clock would show. */
  turn(): Promise<void>;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: async (ms, options = {}) => {
    await delay(ms, undefined, options.signal === undefined ? undefined : { signal: options.signal });
  },
  alarm: (ms, ring) => setTimeout(ring, ms),
  turn: async () => {
    await turn();
  },
};

/** The same time; a wait alone does not keep the process from ending. */
export const backgroundClock: Clock = {
  ...systemClock,
  sleep: async (ms, { signal } = {}) => {
    await delay(ms, undefined, signal === undefined ? { ref: false } : { ref: false, signal });
  },
  alarm: (ms, ring) => setTimeout(ring, ms).unref(),
};
