import { setImmediate as turn, setTimeout as delay } from 'node:timers/promises';

/** Time as the rest of the system sees it; only this file reads the machine's clock. */
export interface Clock {
  /** Milliseconds since 1970, wall clock: may jump. For timestamps and expiry. */
  now(): number;
  /** Milliseconds that never go back. For latency and timeouts. */
  monotonic(): number;
  /** Resolves after `ms`, and not before `monotonic` shows that they passed; rejects with the signal's reason when aborted. */
  sleep(ms: number, options?: { readonly signal?: AbortSignal | undefined }): Promise<void>;
  /** Calls `ring` once after at least `ms`, unless what is returned was disposed of before. Much cheaper than `sleep`: for what exists in thousands. */
  alarm(ms: number, ring: () => void): Disposable;
  /** Resolves in the next turn of the event loop: what is ready now goes first. Takes no time that a clock would show. */
  turn(): Promise<void>;
}

/** Timers take no more than this, and would fire at once. */
const maxTimerMs = 2 ** 31 - 1;

/** Timers go by whole milliseconds and may fire before the time is over: whoever then compares times would wait once more, or for ever. */
async function sleepFor(ms: number, how: { readonly signal?: AbortSignal | undefined; readonly ref?: boolean }) {
  const { signal, ref = true } = how;
  const options = signal === undefined ? { ref } : { ref, signal };
  const end = performance.now() + ms;
  let left = ms;
  do {
    await delay(Math.min(left, maxTimerMs), undefined, options);
    left = end - performance.now();
  } while (left > 0);
}

const alarmIn = (ms: number, ring: () => void): NodeJS.Timeout =>
  setTimeout(ring, Math.min(Math.ceil(ms) + 1, maxTimerMs));

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: (ms, { signal } = {}) => sleepFor(ms, { signal }),
  alarm: alarmIn,
  turn: async () => {
    await turn();
  },
};

/** The same time; a wait alone does not keep the process from ending. */
export const backgroundClock: Clock = {
  ...systemClock,
  sleep: (ms, { signal } = {}) => sleepFor(ms, { signal, ref: false }),
  alarm: (ms, ring) => alarmIn(ms, ring).unref(),
};
