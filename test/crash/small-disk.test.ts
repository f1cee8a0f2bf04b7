import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { codeOfRejection } from '../support/story.ts';
import type { PlannedRound } from './plan.ts';
import { isClean, runRound, tellOutcome } from './run-crash.ts';
import { SmallFolder } from './small-folder.ts';

const round: PlannedRound = {
  kind: 'small-disk',
  number: 1,
  seed: 'small-disk',
  forms: { alice: 'armed-agent', bob: 'armed-agent' },
  episodes: [
    { kind: 'full', side: 'alice', ms: 1200, kill: false },
    { kind: 'full', side: 'bob', ms: 1200, kill: false },
    { kind: 'full', side: 'bob', ms: 500, kill: true },
  ],
};

describe('on a file system of a few MB', () => {
  test(
    'that fills up and is freed, everything that was accepted arrives once, and no node needs a restart',
    { timeout: 240_000 },
    async ({ skip }) => {
      const outcome = await runRound(round, {});
      if (outcome.leftOut !== undefined) skip(outcome.leftOut);
      expect(
        isClean(outcome) ? [] : [tellOutcome(outcome, { kills: 20, seed: 'small-disk', parallel: 1, note: () => {} })],
      ).toEqual([]);
      expect(outcome.result.kills).toHaveLength(1);
      expect(outcome.result.tally.sent).toBeGreaterThan(100);
    },
  );

  test('nothing can be written when it is full, and something when it is freed', async ({ skip }) => {
    const dir = mkdtempSync(join(tmpdir(), 'mesh-small-'));
    const folder = SmallFolder.mount(join(dir, 'disk'), 4);
    try {
      if ('refused' in folder) return skip(folder.refused);
      using disk = folder;
      disk.fill();
      expect(disk.freeBytes).toBe(0);
      const write = async (): Promise<void> => writeFileSync(join(disk.path, 'more'), 'x');
      expect(await codeOfRejection(write())).not.toBe('no error');
      disk.free();
      await write();
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  });
});
