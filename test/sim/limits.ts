import { defaultLimits, type Limits } from '#kernel';
import type { SeededRandom } from './seeded-random.ts';

/** Waiting is shorter than in earnest, so that a run is over soon. */
const hurried = {
  slowRetryMs: 30_000,
  breakerCooldownMs: 10_000,
  breakerMaxCooldownMs: 60_000,
} satisfies Partial<Limits>;

/** What a seed may make smaller, so that what is rare happens. */
const tight: { readonly [K in keyof Limits]?: readonly number[] } = {
  inFlightFrames: [1, 2, 4, 64],
  leaseBatch: [1, 3, 16, 256],
  maxBatchBytes: [600, 2000, 63 * 1024],
  maxReceiptsPerFrame: [2, 8, 64],
  maxReceiptIdsPerFrame: [3, 512],
  rekeyFrames: [6, 20, 500],
  creditFrames: [2, 8, 256],
  retainedEpochs: [1, 3],
  maxDrainingSessions: [1, 4],
  receiptDelayMs: [1, 10, 200],
  deferredWriteMs: [1, 50, 500],
  frameAcknowledgeMs: [3000, 30_000],
  boundedTurnsPerDay: [2, 20],
  maxHandlerAttempts: [2, 5],
};

/** The limits of all nodes of one seed. */
export function limitsOf(random: SeededRandom): Limits {
  const chosen = Object.entries(tight).map(([name, values]) => [
    name,
    random.chance(0.4) ? random.pick(values) : undefined,
  ]);
  const changed = Object.fromEntries(chosen.filter(([, value]) => value !== undefined)) as Partial<Limits>;
  return { ...defaultLimits, ...hurried, ...changed };
}
