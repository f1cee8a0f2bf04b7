import type { Clock, Limits } from '#kernel';

export interface KeepAliveOptions {
  readonly clock: Clock;
  readonly limits: Pick<Limits, 'linkPingMs' | 'linkIdleMs'>;
  readonly signal: AbortSignal;
  /** When something came in last, on the monotonic clock. */
  heardAt(): number;
  ping(): void;
  onSilent(): void;
}

/**
 * Pings a far end that says nothing, and gives it up after `linkIdleMs`. Resolves when it was given up or the signal
 * aborts.
 */
export async function keepAlive(options: KeepAliveOptions): Promise<void> {
  const { clock, limits, signal } = options;
  for (;;) {
    const silentMs = clock.monotonic() - options.heardAt();
    if (silentMs >= limits.linkIdleMs) {
      options.onSilent();
      return;
    }
    if (silentMs >= limits.linkPingMs) options.ping();
    const pauseMs = silentMs >= limits.linkPingMs ? limits.linkPingMs : limits.linkPingMs - silentMs;
    try {
      await clock.sleep(Math.min(pauseMs, limits.linkIdleMs - silentMs), { signal });
    } catch {
      return;
    }
  }
}
