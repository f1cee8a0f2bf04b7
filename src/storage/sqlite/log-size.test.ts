import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { ManualClock } from '../../../test/support/manual-clock.ts';
import { LogSize } from './log-size.ts';
import { openDatabase } from './open-database.ts';

const root = mkdtempSync(join(tmpdir(), 'mesh-log-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const kilobyte = 1024;
const plenty = 1e12;

/** A database that grows by some 12 KB with each `write`, on a disk with as much room as the test says. */
function grown(name: string) {
  const path = join(root, `${name}.db`);
  const database = openDatabase(path);
  const clock = new ManualClock();
  let free = plenty;
  const log = new LogSize({ database, clock, freeBytes: () => free });
  return {
    database,
    clock,
    log,
    leave(bytes: number): void {
      free = bytes;
    },
    async write(times: number): Promise<void> {
      for (let n = 0; n < times; n += 1) {
        database.run('INSERT OR REPLACE INTO value (key, text) VALUES (?, ?)', `k${n % 10}`, 'x'.repeat(10 * kilobyte));
        log.tend();
        await clock.advance(10);
      }
    },
    bytes: (): number => statSync(`${path}-wal`).size,
  };
}

describe('the write-ahead log', () => {
  it('grows to some 16 MB while there is room', async () => {
    const { write, bytes } = grown('room');
    await write(700);
    expect(bytes()).toBeGreaterThan(6000 * kilobyte);
  });

  it('stays at some 1 MB while the disk is nearly full, so that it does not take the last page itself', async () => {
    const { write, leave, bytes } = grown('scarce');
    leave(8000 * kilobyte);
    await write(700);
    expect(bytes()).toBeLessThan(1500 * kilobyte);
  });

  it('grows again when there is room again', async () => {
    const { write, leave, bytes } = grown('again');
    leave(8000 * kilobyte);
    await write(200);
    leave(plenty);
    await write(700);
    expect(bytes()).toBeGreaterThan(5000 * kilobyte);
  });

  it('is written back after a commit that found no room, but not after each of many', async () => {
    const { write, log, clock, database } = grown('full');
    await write(100);
    const writtenBack = (): number => Number(database.get('PRAGMA wal_checkpoint(NOOP)')?.checkpointed);
    await clock.advance(1000);
    log.relieve();
    expect(writtenBack()).toBeGreaterThan(100);
    await write(1);
    log.relieve();
    expect(writtenBack()).toBe(0);
  });
});
