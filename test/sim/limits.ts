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

/** The same where there are hubs. */
const hurriedHubs = {
  mailRepeatMs: 20_000,
  mailMaxRepeatMs: 60_000,
  hubMaxRetryMs: 10_000,
  mailboxFullRetryMs: 500,
  hubSweepMs: 10_000,
  keptKeyPackages: 6,
} satisfies Partial<Limits>;

const tightHubs: typeof tight = {
  mailFetchFrames: [1, 3, 256],
  mailboxFrames: [2, 8, 512],
  maxMailAnswers: [1, 3, 64],
  maxMailboxFrames: [12, 40, 10_000],
  hubFramesPerSecond: [5, 200],
  hubFrameBurst: [3, 2000],
  directHeadStartMs: [10, 1000],
};

/** The limits of all nodes and hubs of one seed. */
export function limitsOf(random: SeededRandom, hubs?: SeededRandom): Limits {
  const withHubs = hubs === undefined ? {} : { ...hurriedHubs, ...chosenFrom(tightHubs, hubs) };
  return { ...defaultLimits, ...hurried, ...chosenFrom(tight, random), ...withHubs };
}

function chosenFrom(choices: typeof tight, random: SeededRandom): Partial<Limits> {
  const chosen = Object.entries(choices).map(([name, values]) => [
    name,
    random.chance(0.4) ? random.pick(values) : undefined,
  ]);
  return Object.fromEntries(chosen.filter(([, value]) => value !== undefined)) as Partial<Limits>;
}
