import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { defaultLimits, silentLogger, systemClock } from '#kernel';
import { openSqliteStore } from '#storage';
import { SqliteMeshStore } from '../../../src/storage/sqlite/mesh-store.ts';
import { openDatabase } from '../../../src/storage/sqlite/open-database.ts';
import { openWalSync } from '../../../src/storage/sqlite/wal-sync.ts';
import { WalCut } from './wal-cut.ts';

const root = mkdtempSync(join(tmpdir(), 'mesh-cut-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** A store of which the test knows what is on the disk. */
function cuttable(name: string) {
  const path = join(root, `${name}.db`);
  const database = openDatabase(path);
  const cut = new WalCut(path);
  const held: PromiseWithResolvers<void>[] = [];
  const wal = openWalSync(path);
  let slow = false;
  const slowly = {
    ...wal,
    sync: async () => {
      if (!slow) return wal.sync();
      const one = Promise.withResolvers<void>();
      held.push(one);
      return one.promise;
    },
  };
  const schedule = setImmediate;
  const store = new SqliteMeshStore({
    database,
    clock: systemClock,
    logger: silentLogger,
    schedule,
    wal: cut.watch(slowly, () => {}),
  });
  const set = (key: string): Promise<void> => store.transact((tx) => tx.values.set(key, 'there'));
  return {
    database,
    set,
    /** Commits and is not told that it is on the disk. */
    async setUnsynced(key: string): Promise<void> {
      slow = true;
      void set(key);
      while (store.read.values.get(key) === undefined) await new Promise((resolve) => setImmediate(resolve));
    },
    /** What a process finds that starts after the power came back. */
    async afterPowerCut(keys: readonly string[]): Promise<readonly string[]> {
      cut.cut();
      const copy = join(root, `${name}-after.db`);
      copyFileSync(path, copy);
      copyFileSync(`${path}-wal`, `${copy}-wal`);
      const found = await openSqliteStore({ path: copy, clock: systemClock, limits: defaultLimits });
      const there = keys.filter((key) => found.read.values.get(key) !== undefined);
      await found.close();
      for (const { resolve } of held) resolve();
      return there;
    },
  };
}

describe('a power cut', () => {
  test('takes what was committed and not synced, and nothing else', async () => {
    const { set, setUnsynced, afterPowerCut } = cuttable('plain');
    await set('a');
    await set('b');
    await setUnsynced('c');
    expect(await afterPowerCut(['a', 'b', 'c'])).toEqual(['a', 'b']);
  });

  test('leaves what was written back from the log before', async () => {
    const { database, set, setUnsynced, afterPowerCut } = cuttable('written-back');
    for (const key of ['a', 'b', 'c']) await set(key);
    database.exec('PRAGMA wal_checkpoint(RESTART)');
    await setUnsynced('d');
    expect(await afterPowerCut(['a', 'b', 'c', 'd'])).toEqual(['a', 'b', 'c']);
  });

  test('does not take back what SQLite synced by itself to write it back', async () => {
    const { database, set, setUnsynced, afterPowerCut } = cuttable('ahead');
    await set('a');
    await setUnsynced('b');
    database.exec('PRAGMA wal_checkpoint(PASSIVE)');
    expect(await afterPowerCut(['a', 'b'])).toEqual(['a', 'b']);
  });
});
