// @ts-check
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * @typedef {object} Clock
 * @property {() => number} now In ms since 1970.
 * @property {(ms: number, signal?: AbortSignal) => Promise<void>} sleep Rejects when the signal aborts.
 */

/** @type {Clock} */
export const systemClock = {
  now: () => Date.now(),
  sleep: (ms, signal) => sleep(ms, undefined, signal === undefined ? {} : { signal }),
};
