import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, describe, expect, it } from 'vitest';
import { codeOf, defaultLimits, systemClock } from '#kernel';
import { verifyAudit } from '#audit';
import type { MeshStore } from '#pipeline';
import type { MessageId } from '#protocol';
import {
  alice,
  bob,
  bytesOf,
  contactOf,
  outMessage,
  sessionOf,
  start,
  write,
} from '../../test/contracts/store/samples.ts';
import { openReadOnlyStore, openSqliteStore } from './index.ts';
import { checkDatabase, snapshotDatabase } from './snapshot.ts';

const root = mkdtempSync(join(tmpdir(), 'mesh-snapshot-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const open = async (): Promise<{ store: MeshStore; path: string; copy: string }> => {
  const folder = mkdtempSync(join(root, 'd-'));
  const path = join(folder, 'mesh.db');
  return {
    store: await openSqliteStore({ path, clock: systemClock, limits: defaultLimits }),
    path,
    copy: join(folder, 'copy.db'),
  };
};

const secret = Buffer.from('the ratchet must not be in a backup');
const keyPackage = { agent: alice, ref: '01', publicBytes: bytesOf(1), privateBytes: secret, expiresAt: start };

describe('a snapshot of a database', () => {
  it('holds everything that was committed when it was made, while the store is open, and nothing later', async () => {
    const { store, path, copy } = await open();
    const [before, after] = [outMessage(), outMessage()];
    await write(store, (tx) => {
      tx.contacts.put(contactOf());
      tx.outbox.insert(before);
      tx.values.set('k', 'v');
    });
    snapshotDatabase(path, copy);
    await write(store, (tx) => tx.outbox.insert(after));
    await store.close();
    const { read, close } = await openReadOnlyStore(copy);
    expect(read.contacts.byAgentId(alice, bob)).toEqual(contactOf());
    expect(read.outbox.message(alice, before.id)?.body).toEqual(before.body);
    expect(read.outbox.message(alice, after.id)).toBeUndefined();
    expect(read.values.get('k')).toBe('v');
    await close();
    expect((statSync(copy).mode & 0o777).toString(8)).toBe('600');
  });

  it('is one moment of a store that another process writes to all the time', async () => {
    const { store, path, copy } = await open();
    await store.close();
    const script = join(import.meta.dirname, '../../test/contracts/store/crash-writer.ts');
    const child = spawn(process.execPath, ['--conditions=source', script, path, 'w'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const acknowledged: MessageId[] = [];
    let copies = 0;
    for await (const line of createInterface({ input: child.stdout })) {
      acknowledged.push(line as MessageId);
      if (acknowledged.length % 100 !== 0) continue;
      const into = `${copy}${(copies += 1)}`;
      snapshotDatabase(path, into);
      const { read, close } = await openReadOnlyStore(into);
      // What the writer was told of is there, and of each transaction there is all or nothing.
      for (const id of acknowledged) expect(read.outbox.message(alice, id)).toBeDefined();
      const stored = read.outbox.list({ agent: alice, limit: 100_000 });
      expect(read.inbox.counts(alice).waiting).toBe(stored.length);
      expect(read.outbox.frames(alice, bob)).toHaveLength(stored.length);
      expect(verifyAudit(read.audit.entries({ limit: 100_000 }))).toMatchObject({ ok: true, entries: stored.length });
      await close();
      if (copies === 5) child.kill('SIGKILL');
    }
    expect(copies).toBeGreaterThanOrEqual(5);
  });

  it('leaves out the secrets of sessions and key packages, to the last byte', async () => {
    const { store, path, copy } = await open();
    await write(store, (tx) => {
      tx.sessions.putSession(sessionOf({ state: secret }));
      tx.sessions.putOwnKeyPackage(keyPackage);
    });
    snapshotDatabase(path, copy);
    await store.close();
    expect(readFileSync(path).includes(secret)).toBe(true);
    expect(readFileSync(copy).includes(secret)).toBe(false);
    const { read, close } = await openReadOnlyStore(copy);
    expect(read.sessions.sessions(alice, bob)).toEqual([]);
    expect(read.sessions.ownKeyPackage(alice, '01')).toBeUndefined();
    expect(verifyAudit(read.audit.entries({ limit: 10 })).ok).toBe(true);
    await close();
  });

  it('is not made of a damaged database, and leaves no file then', async () => {
    const { store, path, copy } = await open();
    await write(store, (tx) => {
      for (let n = 0; n < 200; n += 1) tx.outbox.insert(outMessage({ body: bytesOf(1000) }));
    });
    await store.close();
    expect(checkDatabase(path)).toBeUndefined();
    writeFileSync(path, readFileSync(path).fill(0xa5, 8192, 8192 + 20_000));
    expect(codeOfThrown(() => snapshotDatabase(path, copy))).toBe('STORE_CORRUPT');
    expect(existsSync(copy)).toBe(false);
    expect(checkDatabase(path)?.code).toBe('STORE_CORRUPT');
  });

  it('never replaces a file', async () => {
    const { store, path, copy } = await open();
    await store.close();
    writeFileSync(copy, 'mine');
    expect(codeOfThrown(() => snapshotDatabase(path, copy))).toBe('STORE_UNREADABLE');
    expect(readFileSync(copy, 'utf8')).toBe('mine');
  });
});

function codeOfThrown(action: () => void): string {
  try {
    action();
  } catch (error) {
    return codeOf(error);
  }
  return 'nothing was thrown';
}
