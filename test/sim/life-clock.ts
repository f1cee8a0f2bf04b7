import type { Clock } from '#kernel';
import type { Life } from './life.ts';
import type { SeededRandom } from './seeded-random.ts';
import type { Timeline } from './timeline.ts';

/** Midnight at which every run begins. */
const beginning = Date.UTC(2026, 0, 1);

export interface LifeClockOptions {
  readonly timeline: Timeline;
  readonly life: Life;
  readonly random: SeededRandom;
  /** How far the wall clock of this machine is off. */
  readonly skewMs: () => number;
}

/** The clocks of one process. Timers are a little late, each in its own way. */
export class LifeClock implements Clock {
  readonly #options: LifeClockOptions;

  constructor(options: LifeClockOptions) {
    this.#options = options;
  }

  now(): number {
    const { timeline, skewMs } = this.#options;
    return beginning + Math.floor(timeline.now + skewMs());
  }

  monotonic(): number {
    return this.#options.timeline.now;
  }

  sleep(ms: number, options: { readonly signal?: AbortSignal | undefined } = {}): Promise<void> {
    const { timeline, life, random } = this.#options;
    const { signal } = options;
    return new Promise((resolve, reject) => {
      if (signal?.aborted === true) {
        reject(signal.reason as Error);
        return;
      }
      const late = random.fraction();
      const task = timeline.schedule(Math.max(1, ms) + late, () => {
        signal?.removeEventListener('abort', abort);
        if (life.touch('slept')) resolve();
      });
      const abort = (): void => {
        task.cancelled = true;
        if (life.isAlive) reject(signal?.reason as Error);
      };
      signal?.addEventListener('abort', abort, { once: true });
    });
  }

  alarm(ms: number, ring: () => void): Disposable {
    const { timeline, life, random } = this.#options;
    const task = timeline.schedule(Math.max(1, ms) + random.fraction(), () => {
      if (life.touch('slept')) ring();
    });
    return {
      [Symbol.dispose]: () => {
        task.cancelled = true;
      },
    };
  }

  turn(): Promise<void> {
    const { timeline, life, random } = this.#options;
    return new Promise((resolve) => {
      timeline.schedule(random.fraction() / 10, () => {
        if (life.isAlive) resolve();
      });
    });
  }
}
