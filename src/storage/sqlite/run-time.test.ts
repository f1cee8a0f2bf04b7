import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { alice, bob, day, hour, inMessage, outMessage, start } from '../../../test/contracts/store/samples.ts';
import { ManualClock } from '../../../test/support/manual-clock.ts';
import { defaultLimits, silentLogger } from '#kernel';
import type { MeshStore } from '#pipeline';
import { openSqliteStore } from '../open-store.ts';

const key = 'k';

/** One database through several runs of a node; each run has a clock of its own, and its wall clock says what it likes. */
describe('the time that a node ran', () => {
  const dir = mkdtempSync(join(tmpdir(), 'mesh-run-time-'));
  let store: MeshStore;
  let clock: ManualClock;

  const run = async (wall: number): Promise<void> => {
    clock = new ManualClock(wall);
    store = await openSqliteStore({
      path: join(dir, 'mesh.db'),
      clock,
      limits: defaultLimits,
      logger: silentLogger,
    });
  };
  const mark = () => store.transact((tx) => tx.history.mark());
  const stop = async (): Promise<void> => {
    await mark();
    await store.close();
  };
  const insert = () =>
    store.transact((tx) => {
      tx.outbox.insert(outMessage({ idempotencyKey: key }));
      tx.inbox.insert(inMessage({ idempotencyKey: key }));
    });
  /** Whether the key counts as used, when the wall clock says that its time is over long ago. */
  const isSurelyUsed = (ms: number): readonly boolean[] => {
    const window = { since: start + 1000 * day, ranMs: 100 * day, surelyRanMs: ms };
    return [
      store.read.outbox.byIdempotencyKey({ agent: alice, peer: bob, key, window }) !== undefined,
      store.read.inbox.firstByIdempotencyKey({ agent: alice, sender: bob, key, window }) !== undefined,
    ];
  };

  beforeEach(() => run(start));
  afterEach(async () => {
    await store.close();
    rmSync(join(dir, 'mesh.db'), { force: true });
    for (const end of ['-wal', '-shm']) rmSync(join(dir, `mesh.db${end}`), { force: true });
  });

  it('goes on where the last run ended, whatever the wall clock says', async () => {
    await insert();
    await mark();
    await clock.advance(2 * hour);
    await stop();
    await run(start - 500 * day);
    await clock.advance(hour);
    expect(isSurelyUsed(4 * hour)).toEqual([true, true]);
    expect(isSurelyUsed(3 * hour)).toEqual([false, false]);
    await clock.advance(2 * hour);
    expect(isSurelyUsed(4 * hour)).toEqual([false, false]);
  });

  it('does not count what passed since the last mark of a run that was killed: too little, never too much', async () => {
    await insert();
    await mark();
    await clock.advance(10 * hour);
    await store.close();
    await run(start + 10 * hour);
    await clock.advance(hour);
    expect(isSurelyUsed(2 * hour)).toEqual([true, true]);
    expect(isSurelyUsed(hour)).toEqual([false, false]);
  });

  it('says nothing of what came after the last mark', async () => {
    await mark();
    await insert();
    await clock.advance(100 * hour);
    expect(isSurelyUsed(hour)).toEqual([true, true]);
    await mark();
    await clock.advance(hour);
    expect(isSurelyUsed(hour)).toEqual([false, false]);
  });
});
