import type { Clock } from '#kernel';
import type { Life, Touch } from './life.ts';
import type { SeededRandom } from './seeded-random.ts';

export type Death = 'killed' | 'power' | 'disk failure';

/** The process ends at the n-th touch of that kind; of any kind without one. */
export interface ArmedDeath {
  readonly how: Death;
  readonly touch: Touch | undefined;
  countdown: number;
}

/** How the disk of a computer is at the moment. */
export interface DiskMood {
  /** Mean time of a commit and of a sync, in ms. */
  commitMs: number;
  syncMs: number;
  /** So many of the next syncs fail. */
  failingSyncs: number;
}

/** A process, and what runs in it once it is made. */
export interface Running<Inside extends object> {
  readonly life: Life;
  readonly number: number;
  readonly clock: Clock;
  readonly random: SeededRandom;
  inside: Inside | undefined;
  /** Aborts when the process is stopped in good order. */
  readonly over: AbortController;
}
