import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

const gateways = ['test/openclaw/**/*.test.ts'];
/** Whole programs, clusters, processes that are killed over and over, weeks on a clock: for `npm run test:long` and `npm run verify`. */
const long = [
  'test/crash/**/*.test.ts',
  'test/examples/**/*.test.ts',
  'test/sim/**/*.test.ts',
  'test/cli/*-kills.test.ts',
  'test/scenarios/replay-clocks.test.ts',
  'src/storage/hub-nats/{cluster,two-processes}.test.ts',
];
// Much of the time is spent waiting for processes and timers: one worker more than there are cores keeps them busy.
const maxWorkers = Math.max(2, availableParallelism()) + 1;

export default defineConfig({
  resolve: { conditions: ['source'] },
  ssr: { resolve: { conditions: ['source'], externalConditions: ['source'] } },
  test: {
    pool: 'threads',
    isolate: false,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    projects: [
      {
        extends: true,
        test: {
          name: 'mesh',
          include: ['src/**/*.test.ts', 'test/**/*.test.ts', 'tools/**/*.test.ts'],
          exclude: [...gateways, ...long],
          maxWorkers,
          sequence: { groupOrder: 0 },
        },
      },
      { extends: true, test: { name: 'long', include: long, maxWorkers, sequence: { groupOrder: 1 } } },
      // A real gateway takes a core for a quarter of a minute when it starts: they have the machine to themselves.
      { extends: true, test: { name: 'openclaw', include: gateways, maxWorkers: 1, sequence: { groupOrder: 2 } } },
    ],
  },
});
