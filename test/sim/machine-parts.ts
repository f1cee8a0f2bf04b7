import type { Clock } from '#kernel';
import type { AgentId } from '#identity';
import type { Composed } from '../../src/node/compose.ts';
import type { Life, Touch } from './life.ts';
import type { SeededRandom } from './seeded-random.ts';

export type Death = 'killed' | 'power' | 'disk failure';

/** The process ends at the n-th touch of that kind; of any kind without one. */
export interface ArmedDeath {
  readonly how: Death;
  readonly touch: Touch | undefined;
  countdown: number;
}

/** How the disk of a machine is at the moment. */
export interface DiskMood {
  /** Mean time of a commit and of a sync, in ms. */
  commitMs: number;
  syncMs: number;
  /** So many of the next syncs fail. */
  failingSyncs: number;
}

/** A process with a node in it. */
export interface Running {
  readonly life: Life;
  readonly number: number;
  readonly clock: Clock;
  readonly random: SeededRandom;
  composed: Composed | undefined;
  readonly sweeping: AbortController;
}

/** What is left of a machine when its seed is over, to begin others with. */
export interface MachineImage {
  readonly name: string;
  readonly agentIds: readonly AgentId[];
  readonly database: Uint8Array;
  readonly files: ReadonlyMap<string, string>;
}
