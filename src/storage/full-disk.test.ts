import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, describe, expect, it } from 'vitest';
import { appendAudit, verifyAudit } from '#audit';
import { codeOf, silentLogger, systemClock } from '#kernel';
import type { MeshTransaction } from '#pipeline';
import { alice, bob, bytesOf, contactOf, inMessage, outMessage } from '../../test/contracts/store/samples.ts';
import { Database } from './sqlite/database.ts';
import { SqliteMeshStore } from './sqlite/mesh-store.ts';
import { openDatabase } from './sqlite/open-database.ts';
import { toStoreError } from './sqlite/sqlite-error.ts';

const root = mkdtempSync(join(tmpdir(), 'mesh-full-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

function storeOf(database: Database): SqliteMeshStore {
  const schedule = (commit: () => void): void => void setImmediate(commit);
  return new SqliteMeshStore({ database, clock: systemClock, logger: silentLogger, schedule });
}

/** A store whose disk has room for as many more pages as the test says. */
function limitedStore(): { store: SqliteMeshStore; allow(pages: number): void } {
  const database = openDatabase(join(mkdtempSync(join(root, 'd-')), 'mesh.db'));
  const allow = (pages: number): void => {
    const now = Number(database.get('PRAGMA page_count')?.page_count);
    database.exec(`PRAGMA max_page_count = ${now + pages}`);
  };
  return { store: storeOf(database), allow };
}

const large = (tx: MeshTransaction): void => {
  tx.values.set('half', 'written');
  tx.outbox.insert(outMessage({ body: bytesOf(60_000) }));
  tx.outbox.waitingCount(alice, bob);
};

describe('on a full disk', () => {
  it('a transaction fails with STORE_FULL and leaves nothing; reads go on, and writes when there is room', async () => {
    const { store, allow } = limitedStore();
    const kept = outMessage();
    await store.transact((tx) => {
      tx.contacts.put(contactOf());
      tx.outbox.insert(kept);
      appendAudit(tx.audit, { at: 1, agent: alice, kind: 'k', data: {} });
    });
    allow(2);
    const failed = store.transact((tx) => {
      appendAudit(tx.audit, { at: 2, agent: alice, kind: 'k', data: {} });
      large(tx);
    });
    await expect(failed).rejects.toMatchObject({ code: 'STORE_FULL', retryable: true });
    expect(store.read.values.get('half')).toBeUndefined();
    expect(store.read.outbox.waitingCount(alice, bob)).toBe(1);
    expect(store.read.outbox.message(alice, kept.id)?.state).toBe('queued');
    expect(store.read.contacts.byPetname(alice, 'bob')).toEqual(contactOf());
    allow(1000);
    await store.transact((tx) => {
      appendAudit(tx.audit, { at: 3, agent: alice, kind: 'k', data: {} });
      large(tx);
    });
    expect(store.read.values.get('half')).toBe('written');
    expect(store.read.outbox.waitingCount(alice, bob)).toBe(2);
    expect(verifyAudit(store.read.audit.entries({ limit: 9 }))).toMatchObject({ ok: true, entries: 2 });
    await store.close();
  });

  it('all works of a group fail, also those that were done before the disk was full', async () => {
    const { store, allow } = limitedStore();
    allow(4);
    const outcomes = await Promise.allSettled([
      store.transact((tx) => tx.values.set('first', '1')),
      store.transact(large),
      store.transact((tx) => tx.values.set('third', '1')),
    ]);
    const codes = outcomes.map((outcome) => (outcome.status === 'rejected' ? codeOf(outcome.reason) : 'resolved'));
    expect(codes).toEqual(['STORE_FULL', 'STORE_FULL', 'STORE_FULL']);
    expect(store.read.values.get('first')).toBeUndefined();
    await store.close();
  });

  it('a work that swallows the error writes nothing more and still fails', async () => {
    const { store, allow } = limitedStore();
    allow(2);
    const stubborn = store.transact((tx) => {
      try {
        large(tx);
      } catch {
        // SQLite has undone the transaction: what is written now would stand alone.
      }
      try {
        tx.values.set('alone', '1');
      } catch {
        return 'went on';
      }
      return 'wrote';
    });
    await expect(stubborn).rejects.toMatchObject({ code: 'STORE_FULL' });
    expect(store.read.values.get('alone')).toBeUndefined();
    expect(store.read.values.get('half')).toBeUndefined();
    await store.close();
  });

  it('a commit that fails rejects every work and undoes all of them', async () => {
    const database = new FailingCommit(join(mkdtempSync(join(root, 'd-')), 'mesh.db'));
    const store = storeOf(database);
    await store.transact((tx) => tx.outbox.insert(outMessage()));
    expect(store.read.outbox.waitingCount(alice, bob)).toBe(1);
    database.failing = true;
    const outcomes = await Promise.allSettled([
      store.transact((tx) => tx.outbox.insert(outMessage())),
      store.transact((tx) => tx.inbox.insert(inMessage())),
    ]);
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(outcomes[0]).toMatchObject({ reason: { code: 'STORE_FULL' } });
    database.failing = false;
    expect(store.read.outbox.waitingCount(alice, bob)).toBe(1);
    expect(store.read.inbox.counts(alice).waiting).toBe(0);
    await store.transact((tx) => tx.outbox.insert(outMessage()));
    expect(store.read.outbox.waitingCount(alice, bob)).toBe(2);
    await store.close();
  });
});

/** A database whose disk fails when it is asked to keep what was written. */
class FailingCommit extends Database {
  failing = false;

  constructor(path: string) {
    openDatabase(path).close();
    super(new DatabaseSync(path), path);
  }

  override run(sql: string, ...values: Parameters<Database['run']> extends [string, ...infer V] ? V : never): number {
    if (this.failing && sql === 'COMMIT')
      throw toStoreError(Object.assign(new Error('disk I/O error'), { errcode: 778 }), this.path);
    return super.run(sql, ...values);
  }
}

describe('what SQLite and the system say', () => {
  const sqlite = (errcode: number): unknown => toStoreError(Object.assign(new Error('x'), { errcode }), 'p');
  const system = (code: string): unknown => toStoreError(Object.assign(new Error('x'), { code, errno: -1 }), 'p');

  it.each([
    [13, 'STORE_FULL'],
    [10, 'STORE_FULL'],
    [778, 'STORE_FULL'],
    [522, 'STORE_CORRUPT'],
    [11, 'STORE_CORRUPT'],
    [267, 'STORE_CORRUPT'],
    [26, 'STORE_CORRUPT'],
    [8, 'STORE_UNREADABLE'],
    [14, 'STORE_UNREADABLE'],
    [5, 'STORE_UNREADABLE'],
    [2067, 'INTERNAL'],
  ])('becomes a code of ours: %i is %s', (errcode, code) => {
    expect(codeOf(sqlite(errcode))).toBe(code);
  });

  it.each([
    ['ENOSPC', 'STORE_FULL'],
    ['EDQUOT', 'STORE_FULL'],
    ['EIO', 'STORE_FULL'],
    ['EACCES', 'STORE_UNREADABLE'],
    ['EROFS', 'STORE_UNREADABLE'],
  ])('becomes a code of ours: %s is %s', (name, code) => {
    expect(codeOf(system(name))).toBe(code);
  });

  it('leaves other errors as they are', () => {
    const error = new TypeError('not ours');
    expect(toStoreError(error, 'p')).toBe(error);
  });
});
