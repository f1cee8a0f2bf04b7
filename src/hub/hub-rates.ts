import { type Clock, type Limits, MeshError } from '#kernel';
import { KeyedRate } from '#host';

const second = 1000;
const hour = 3_600_000;
/** Agents that are remembered. */
const maxKeys = 100_000;

/** How fast one agent may be, over all its links (spec §12.4, 12.6). */
export class HubRates {
  readonly frames: KeyedRate;
  readonly requests: KeyedRate;
  readonly questions: KeyedRate;
  readonly searches: KeyedRate;
  readonly packagesOfOne: KeyedRate;
  readonly packages: KeyedRate;

  constructor(clock: Clock, limits: Limits) {
    const rate = (count: number, perMs: number, burst: number): KeyedRate =>
      new KeyedRate({ clock, count, perMs, burst, maxKeys });
    this.frames = rate(limits.hubFramesPerSecond, second, limits.hubFrameBurst);
    this.requests = rate(limits.hubRequestsPerHour, hour, limits.hubRequestsPerHour);
    this.questions = rate(limits.hubQuestionsPerSecond, second, limits.hubQuestionBurst);
    this.searches = rate(limits.hubSearchesPerSecond, second, limits.hubSearchBurst);
    this.packagesOfOne = rate(limits.hubPackagesPerHour, hour, limits.hubPackagesPerHour);
    this.packages = rate(limits.hubPackagesOfAllPerHour, hour, limits.hubPackagesOfAllPerHour);
  }
}

/** Throws RATE_LIMITED. */
export function takeOne(rate: KeyedRate, key: string): void {
  const retryAfterMs = rate.take(key);
  if (retryAfterMs > 0) throw new MeshError('RATE_LIMITED', undefined, { data: { retryAfterMs } });
}
