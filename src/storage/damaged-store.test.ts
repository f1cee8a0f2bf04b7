import {
  chmodSync,
  cpSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, describe, expect, it } from 'vitest';
import { defaultLimits, systemClock } from '#kernel';
import type { MeshStore } from '#pipeline';
import { alice, bytesOf, outMessage, write } from '../../test/contracts/store/samples.ts';
import { openReadOnlyStore, openSqliteStore } from './index.ts';

const root = mkdtempSync(join(tmpdir(), 'mesh-damaged-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const openAt = (path: string): Promise<MeshStore> =>
  openSqliteStore({ path, clock: systemClock, limits: defaultLimits });

/** A closed store with some pages in it. */
async function usedStore(messages = 200, bodyBytes = 1000): Promise<string> {
  const path = join(mkdtempSync(join(root, 'd-')), 'mesh.db');
  const store = await openAt(path);
  await write(store, (tx) => {
    for (let index = 0; index < messages; index += 1) tx.outbox.insert(outMessage({ body: bytesOf(bodyBytes) }));
  });
  await store.close();
  return path;
}

function execute(path: string, sql: string): void {
  const connection = new DatabaseSync(path);
  connection.exec(sql);
  connection.close();
}

const damages: Readonly<Record<string, (path: string) => void>> = {
  'has zero bytes': (path) => truncateSync(path, 0),
  'was cut in the middle': (path) => truncateSync(path, Math.floor(statSync(path).size / 2)),
  'lost its last page': (path) => truncateSync(path, statSync(path).size - 4096),
  'lost a part of its last page': (path) => truncateSync(path, statSync(path).size - 10),
  'is a text file': (path) => writeFileSync(path, 'hello\n'.repeat(5000)),
  'has a damaged header': (path) => {
    const bytes = readFileSync(path);
    bytes.fill(0xff, 0, 40);
    writeFileSync(path, bytes);
  },
  'has damaged pages': (path) => {
    const bytes = readFileSync(path);
    bytes.fill(0xa5, 8192, 8192 + 20_000);
    writeFileSync(path, bytes);
  },
  'lost a table': (path) => execute(path, 'PRAGMA foreign_keys = OFF; DROP TABLE outbox'),
  'is another, empty database': (path) => {
    rmSync(path);
    execute(path, 'CREATE TABLE t (x)');
  },
  'lost all but its log': (path) => {
    rmSync(path);
    writeFileSync(`${path}-wal`, 'x'.repeat(5000));
  },
};

describe('a database that', () => {
  for (const [name, damage] of Object.entries(damages)) {
    it(`${name} is reported as damaged, with what to do, and is left as it is`, async () => {
      const path = await usedStore();
      damage(path);
      const before = existsSync(path) ? readFileSync(path) : undefined;
      const failure = { code: 'STORE_CORRUPT', hint: expect.stringContaining('backup'), data: { path } };
      await expect(openAt(path)).rejects.toMatchObject(failure);
      // Not started empty the second time either.
      await expect(openAt(path)).rejects.toMatchObject({ code: 'STORE_CORRUPT' });
      expect(existsSync(path) ? readFileSync(path).equals(before ?? Buffer.alloc(0)) : before === undefined).toBe(true);
    });
  }

  it('was damaged while it is open is reported by whoever reads or writes it', async () => {
    // Too large to be read through, and so into memory, when it is opened.
    const path = await usedStore(3000, 3500);
    const store = await openAt(path);
    const { size } = statSync(path);
    const bytes = Buffer.alloc(size - 4096, 0xa5);
    const whole = readFileSync(path);
    // In place, as another program would: pages that were not read yet are garbage now.
    writeFileSync(path, Buffer.concat([whole.subarray(0, 4096), bytes]), { flag: 'r+' });
    expect(() => store.read.outbox.list({ agent: alice, limit: 3000 })).toThrow(
      expect.objectContaining({ code: 'STORE_CORRUPT' }),
    );
    const written = write(store, (tx) => tx.outbox.insert(outMessage()));
    await expect(written).rejects.toMatchObject({ code: 'STORE_CORRUPT' });
    await store.close().catch(() => undefined);
  });

  it('was written by a newer version is refused by its number', async () => {
    const path = await usedStore(1);
    execute(path, 'PRAGMA user_version = 99');
    const failure = { code: 'STORE_TOO_NEW', data: { version: 99 } };
    await expect(openAt(path)).rejects.toMatchObject(failure);
    await expect(openReadOnlyStore(path)).rejects.toMatchObject(failure);
  });

  it('is whole opens, also as a copy', async () => {
    const path = await usedStore();
    const copy = `${path}.copy`;
    cpSync(path, copy);
    const store = await openAt(copy);
    expect(store.read.outbox.list({ agent: alice, limit: 500 })).toHaveLength(200);
    await store.close();
  });

  it('others can read is closed to them', async () => {
    const path = await usedStore(1);
    chmodSync(path, 0o644);
    await (await openAt(path)).close();
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it('was not finished when the process died is made anew', async () => {
    const path = join(mkdtempSync(join(root, 'd-')), 'mesh.db');
    writeFileSync(`${path}.new`, 'half');
    const store = await openAt(path);
    await store.close();
    expect(existsSync(`${path}.new`)).toBe(false);
  });

  it('lies in a folder that does not exist, or is a folder, cannot be opened', async () => {
    await expect(openAt(join(root, 'none', 'mesh.db'))).rejects.toMatchObject({ code: 'STORE_UNREADABLE' });
    await expect(openAt(root)).rejects.toMatchObject({ code: 'STORE_UNREADABLE' });
  });
});
