import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { defaultLimits, systemClock } from '#kernel';
import type { MeshStore } from '#pipeline';
import { alice, bob, contactOf, outMessage } from '../../test/contracts/store/samples.ts';
import { storeContract } from '../../test/contracts/store.ts';
import { runModule } from '../../test/support/run-module.ts';
import { openReadOnlyStore, openSqliteStore } from './index.ts';

const root = mkdtempSync(join(tmpdir(), 'mesh-store-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const newPath = (): string => join(mkdtempSync(join(root, 'd-')), 'mesh.db');
const openAt = (path: string): Promise<MeshStore> =>
  openSqliteStore({ path, clock: systemClock, limits: defaultLimits });

const paths = new WeakMap<MeshStore, string>();
storeContract({
  name: 'sqlite',
  open: async () => {
    const path = newPath();
    const store = await openAt(path);
    paths.set(store, path);
    return store;
  },
  reopen: async (store) => {
    await store.close();
    return openAt(paths.get(store) ?? '');
  },
});

const modes = (path: string): readonly string[] =>
  readdirSync(join(path, '..')).map((name) => `${name} ${(statSync(join(path, '..', name)).mode & 0o777).toString(8)}`);

describe('the files of a sqlite store', () => {
  it('can be read by their owner alone, whatever the umask, from the first moment', () => {
    const path = newPath();
    // The umask belongs to the process, so another process has the careless one.
    const source = `process.umask(0);
      const { openSqliteStore } = await import('#storage');
      const { readdirSync, statSync } = await import('node:fs');
      const clock = { now: () => 0, monotonic: () => 0 };
      const store = await openSqliteStore({ path: ${JSON.stringify(path)}, clock });
      await store.transact((tx) => tx.values.set('k', 'v'));
      const folder = ${JSON.stringify(join(path, '..'))};
      const mode = (name) => name + ' ' + (statSync(folder + '/' + name).mode & 0o777).toString(8);
      console.log(readdirSync(folder).map(mode).join());`;
    expect(runModule({ source })).toBe('mesh.db 600,mesh.db-shm 600,mesh.db-wal 600');
  });

  it('are the database alone after close', async () => {
    const path = newPath();
    const store = await openAt(path);
    await store.transact((tx) => tx.values.set('k', 'v'));
    expect(modes(path)).toEqual(['mesh.db 600', 'mesh.db-shm 600', 'mesh.db-wal 600']);
    await store.close();
    await store.close();
    expect(modes(path)).toEqual(['mesh.db 600']);
  });
});

describe('a store opened for reading only', () => {
  it('reads what a stopped node left, and leaves no file behind', async () => {
    const path = newPath();
    const store = await openAt(path);
    const message = outMessage();
    await store.transact((tx) => {
      tx.contacts.put(contactOf());
      tx.outbox.insert(message);
    });
    await store.close();
    const reader = await openReadOnlyStore(path);
    expect(reader.read.contacts.byPetname(alice, 'bob')).toEqual(contactOf());
    expect(reader.read.outbox.waitingCount(alice, bob)).toBe(1);
    expect(reader.read.outbox.message(alice, message.id)?.state).toBe('queued');
    await reader.close();
    expect(modes(path)).toEqual(['mesh.db 600']);
  });

  it('reads beside an open store, what is in its log included', async () => {
    const path = newPath();
    const store = await openAt(path);
    await store.transact((tx) => tx.values.set('k', 'v'));
    const reader = await openReadOnlyStore(path);
    expect(reader.read.values.get('k')).toBe('v');
    await reader.close();
    await store.transact((tx) => tx.values.set('k', 'w'));
    await store.close();
    expect((await openAt(path)).read.values.get('k')).toBe('w');
  });

  it('makes no database where there is none', async () => {
    const path = newPath();
    await expect(openReadOnlyStore(path)).rejects.toMatchObject({ code: 'STORE_UNREADABLE' });
    expect(modes(path)).toEqual([]);
  });
});
