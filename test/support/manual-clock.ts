import { setImmediate as turn } from 'node:timers/promises';
import type { Clock } from '#kernel';

interface Sleeper {
  readonly at: number;
  wake(): void;
}

/** Time that a test owns: it stands still until `advance`. */
export class ManualClock implements Clock {
  readonly #sleepers: Sleeper[] = [];
  readonly #watchers: { readonly count: number; resolve(): void }[] = [];
  #wall: number;
  #elapsed = 0;

  constructor(startAt = Date.UTC(2026, 0, 1)) {
    this.#wall = startAt;
  }

  now(): number {
    return this.#wall;
  }

  monotonic(): number {
    return this.#elapsed;
  }

  /** How many sleep now. */
  get sleeping(): number {
    return this.#sleepers.length;
  }

  sleep(ms: number, options: { readonly signal?: AbortSignal | undefined } = {}): Promise<void> {
    const { signal } = options;
    return new Promise((resolve, reject) => {
      if (signal?.aborted === true) {
        reject(signal.reason as Error);
        return;
      }
      if (ms <= 0) {
        resolve();
        return;
      }
      const abort = (): void => {
        this.#sleepers.splice(this.#sleepers.indexOf(sleeper), 1);
        reject(signal?.reason as Error);
      };
      const sleeper: Sleeper = {
        at: this.#elapsed + ms,
        wake: () => {
          signal?.removeEventListener('abort', abort);
          resolve();
        },
      };
      this.#sleepers.push(sleeper);
      signal?.addEventListener('abort', abort, { once: true });
      this.#tellWatchers();
    });
  }

  alarm(ms: number, ring: () => void): Disposable {
    const sleeper: Sleeper = { at: this.#elapsed + ms, wake: ring };
    this.#sleepers.push(sleeper);
    this.#tellWatchers();
    return {
      [Symbol.dispose]: () => {
        const at = this.#sleepers.indexOf(sleeper);
        if (at !== -1) this.#sleepers.splice(at, 1);
      },
    };
  }

  async turn(): Promise<void> {
    await turn();
  }

  /** Resolves once at least `count` sleep at the same time: waits for code that is about to wait for time. */
  async whenSleeping(count = 1): Promise<void> {
    if (this.#sleepers.length >= count) return;
    await new Promise<void>((resolve) => this.#watchers.push({ count, resolve }));
  }

  /**
   * Moves both clocks by `ms` and wakes sleepers in the order of their times. Each gets a turn of the event loop before
   * time goes on, so that a loop that sleeps again within the span wakes again within it.
   */
  async advance(ms: number): Promise<void> {
    const end = this.#elapsed + ms;
    for (;;) {
      await turn();
      const next = this.#sleepers.reduce<Sleeper | undefined>(earlier, undefined);
      if (next === undefined || next.at > end) break;
      this.#moveTo(next.at);
      this.#sleepers.splice(this.#sleepers.indexOf(next), 1);
      next.wake();
    }
    this.#moveTo(end);
    await turn();
  }

  /** The wall clock is set to another time; nobody wakes, `monotonic` goes on. */
  jump(ms: number): void {
    this.#wall += ms;
  }

  #moveTo(elapsed: number): void {
    this.#wall += elapsed - this.#elapsed;
    this.#elapsed = elapsed;
  }

  #tellWatchers(): void {
    for (const watcher of this.#watchers.splice(0)) {
      if (this.#sleepers.length >= watcher.count) watcher.resolve();
      else this.#watchers.push(watcher);
    }
  }
}

const earlier = (first: Sleeper | undefined, next: Sleeper): Sleeper =>
  first === undefined || next.at < first.at ? next : first;
