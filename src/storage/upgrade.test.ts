import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, describe, expect, it } from 'vitest';
import { createIds, defaultLimits, systemClock, systemRandom } from '#kernel';
import { bob, bytesOf, day, start, toBob, write } from '../../test/contracts/store/samples.ts';
import { openSqliteStore } from './index.ts';
import { migrate, migrations } from './sqlite/migrate.ts';

const root = mkdtempSync(join(tmpdir(), 'mesh-upgrade-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const id = createIds(systemClock, systemRandom).next('msg');

/** As the program left it that knew only version 1. */
function databaseOfVersion1(): string {
  const path = join(root, 'mesh.db');
  const connection = new DatabaseSync(path);
  migrate(connection, 0, migrations.slice(0, 1));
  connection.exec(`
    INSERT INTO lane VALUES (1, 'alice', '${bob}');
    INSERT INTO value VALUES ('greeting', 'hello');
    INSERT INTO outbox (id, lane, type, priority, created_at, expires_at, conversation_id, body)
      VALUES ('${id}', 1, 2, 1, ${start}, ${start + day}, 'conv_1', x'0102')`);
  connection.close();
  return path;
}

describe('a database of version 1', () => {
  it('is brought on with all that it holds, and takes files of its messages', async () => {
    const path = databaseOfVersion1();
    const store = await openSqliteStore({ path, clock: systemClock, limits: defaultLimits });
    try {
      expect(store.read.values.get('greeting')).toBe('hello');
      expect(store.read.outbox.message('alice', id)).toMatchObject({ peer: bob, state: 'queued' });
      const owner = { ...toBob, direction: 'out' } as const;
      const times = { createdAt: start, expiresAt: start + day };
      await write(store, (tx) =>
        tx.files.insert({
          ...owner,
          ...times,
          message: id,
          place: 0,
          blob: bytesOf(32),
          size: 9,
          data: 'a'.repeat(32),
        }),
      );
      expect(store.read.files.ofMessage(owner, id)).toMatchObject([{ size: 9, state: 'open' }]);
    } finally {
      await store.close();
    }
  });
});
