import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { defaultLimits, silentLogger } from '#kernel';
import { openMemoryStore } from '#storage';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { turns } from '../../test/support/memory-story.ts';
import { DeferredWrites } from './deferred-writes.ts';
import type { MeshStore } from './store.ts';

describe('bookkeeping that waits for a transaction', () => {
  const clock = new ManualClock();
  let store: MeshStore;
  let deferred: DeferredWrites;
  let told: string[];

  beforeEach(async () => {
    store = await openMemoryStore({ clock, limits: defaultLimits });
    deferred = new DeferredWrites({ store, clock, limits: defaultLimits, logger: silentLogger });
    told = [];
  });
  afterEach(() => store.close());

  const note = (key: string) =>
    deferred.add(
      (tx) => tx.values.set(key, 'there'),
      () => told.push(key),
    );

  test('is written by the next one, before what that one does, and told once it is committed', async () => {
    note('a');
    note('b');
    expect(store.read.values.get('a')).toBeUndefined();
    const seen = await deferred.transact((tx) => [tx.values.get('a'), tx.values.get('b'), told.length]);
    expect(seen).toEqual(['there', 'there', 0]);
    expect(told).toEqual(['a', 'b']);
  });

  test('is written by itself after a while, and told once', async () => {
    note('a');
    await clock.advance(defaultLimits.deferredWriteMs - 1);
    await turns();
    expect(told).toEqual([]);
    await clock.advance(1);
    await turns();
    expect(told).toEqual(['a']);
    await deferred.flush();
    expect(told).toEqual(['a']);
  });

  test('waits for the next one when a transaction fails, in its order, and is not told before', async () => {
    note('a');
    await expect(
      deferred.transact(() => {
        throw new Error('it does not fit');
      }),
    ).rejects.toThrow('it does not fit');
    expect(told).toEqual([]);
    note('b');
    await deferred.flush();
    expect(told).toEqual(['a', 'b']);
    expect(store.read.values.get('a')).toBe('there');
  });
});
