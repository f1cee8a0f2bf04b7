import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

const gateways = 'test/openclaw/**/*.test.ts';

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
          exclude: [gateways],
          // Much of the time is spent waiting for processes: one worker for each core, and two at least.
          maxWorkers: Math.max(2, availableParallelism()),
          sequence: { groupOrder: 0 },
        },
      },
      // A real gateway takes a core for a quarter of a minute when it starts: they have the machine to themselves.
      { extends: true, test: { name: 'openclaw', include: [gateways], maxWorkers: 1, sequence: { groupOrder: 1 } } },
    ],
  },
});
