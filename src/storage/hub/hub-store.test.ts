import { copyFileSync, existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { defaultLimits, systemClock, systemRandom } from '#kernel';
import type { HubStore } from '#hub';
import { failure } from '../../../test/support/failure.ts';
import { durableHubStoreContract, hubStoreContract } from '../../../test/contracts/hub-store.ts';
import { openMemoryHubStore, openSqliteHubStore, openSqliteStore } from '../index.ts';

const root = mkdtempSync(join(tmpdir(), 'hub-store-'));
const paths = new Map<HubStore, string>();
let count = 0;
const ports = { clock: systemClock, random: systemRandom };

afterAll(() => rmSync(root, { recursive: true, force: true }));

const newPath = (): string => join(root, `hub-${(count += 1)}.db`);

async function openAt(path: string): Promise<HubStore> {
  const store = await openSqliteHubStore({ ...ports, path });
  paths.set(store, path);
  return store;
}

const pathOf = (store: HubStore): string => paths.get(store) ?? '';

hubStoreContract({ name: 'memory', open: () => openMemoryHubStore(ports) });

durableHubStoreContract({
  name: 'SQLite',
  open: () => openAt(newPath()),
  reopen: async (store) => {
    await store.close();
    return openAt(pathOf(store));
  },
  snapshot: async (store) => {
    const copy = newPath();
    for (const suffix of ['', '-wal']) {
      if (existsSync(pathOf(store) + suffix)) copyFileSync(pathOf(store) + suffix, copy + suffix);
    }
    return () => openAt(copy);
  },
});

describe('the database of a hub', () => {
  it('is readable by its owner alone', async () => {
    const store = await openAt(newPath());
    expect(statSync(pathOf(store)).mode & 0o777).toBe(0o600);
    await store.close();
  });

  it('is not taken for that of a node, nor the other way round', async () => {
    const [hub, node] = [newPath(), newPath()];
    await (await openAt(hub)).close();
    const options = { ...ports, limits: defaultLimits };
    await (await openSqliteStore({ ...options, path: node })).close();
    expect((await failure(openAt(node))).code).toMatch(/^STORE_/);
    expect((await failure(openSqliteStore({ ...options, path: hub }))).code).toMatch(/^STORE_/);
  });
});
