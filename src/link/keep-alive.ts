import type { Clock, Limits } from '#kernel';

export interface KeepAliveOptions {
  readonly clock: Clock;
  readonly limits: Pick<Limits, 'linkPingMs' | 'linkIdleMs'>;
  ping(): void;
  onSilent(): void;
}

/** Pings a far end that says nothing, and gives it up after `linkIdleMs`. One alarm, that nothing resets when the far end is heard. */
export class KeepAlive {
  readonly #options: KeepAliveOptions;
  #heardAt: number;
  #alarm: Disposable | undefined;

  constructor(options: KeepAliveOptions) {
    this.#options = options;
    this.#heardAt = options.clock.monotonic();
  }

  start(): void {
    this.#check();
  }

  /** Something came in. */
  heard(): void {
    this.#heardAt = this.#options.clock.monotonic();
  }

  stop(): void {
    this.#alarm?.[Symbol.dispose]();
    this.#alarm = undefined;
  }

  #check(): void {
    const { clock, limits, ping, onSilent } = this.#options;
    const silentMs = clock.monotonic() - this.#heardAt;
    this.#alarm = undefined;
    if (silentMs >= limits.linkIdleMs) {
      onSilent();
      return;
    }
    const isDue = silentMs >= limits.linkPingMs;
    const pauseMs = isDue ? limits.linkPingMs : limits.linkPingMs - silentMs;
    this.#alarm = clock.alarm(Math.min(pauseMs, limits.linkIdleMs - silentMs), () => this.#check());
    if (isDue) ping();
  }
}
