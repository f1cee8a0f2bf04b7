import { MeshError } from '#kernel';
import type { AgentId } from '#identity';
import type { HubBlobs, StoredBlob } from '#hub';
import { int, text } from '../sqlite/columns.ts';
import type { Queries, Row } from '../sqlite/database.ts';
import { type HubDatabase, presentId } from './hub-database.ts';

/** When it was used last is written this often at most. */
const usedEveryMs = 3_600_000;

export class SqliteBlobs implements HubBlobs {
  readonly #database: HubDatabase;

  constructor(database: HubDatabase) {
    this.#database = database;
  }

  open(wanted: Parameters<HubBlobs['open']>[0]): Promise<StoredBlob> {
    return this.#database.commits.add((queries) => {
      const found = queries.get('SELECT * FROM blob WHERE id = ? AND owner = ?', wanted.blob, wanted.owner);
      if (found !== undefined && int(found, 'size') !== wanted.size)
        throw new MeshError('WRONG_STATE', `The blob has ${int(found, 'size')} bytes, not ${wanted.size}`);
      const no = found === undefined ? create(queries, wanted) : int(found, 'no');
      const sql = 'INSERT OR IGNORE INTO blob_reader (blob, agent) VALUES (?, ?)';
      for (const reader of wanted.to) queries.run(sql, no, presentId(queries, reader));
      queries.run('UPDATE blob SET used_at = max(used_at, ?) WHERE no = ?', wanted.at, no);
      return found === undefined ? { name: wanted.name, size: wanted.size, isComplete: false } : storedOf(found);
    });
  }

  complete(name: string): Promise<void> {
    const sql = 'UPDATE blob SET complete = 1 WHERE name = ?';
    return this.#database.commits.add((queries) => void queries.run(sql, name));
  }

  drop(name: string): Promise<void> {
    return this.#database.commits.add((queries) => void queries.run('DELETE FROM blob WHERE name = ?', name));
  }

  dropOf(owner: AgentId, blob: Uint8Array): Promise<string | undefined> {
    return this.#database.commits.add((queries) => {
      const row = queries.get('DELETE FROM blob WHERE id = ? AND owner = ? RETURNING name', blob, owner);
      return row === undefined ? undefined : text(row, 'name');
    });
  }

  async find(blob: Uint8Array, reader: AgentId, at: number): Promise<StoredBlob | undefined> {
    const { queries, commits } = this.#database;
    const sql = `SELECT * FROM blob WHERE id = ?1 AND complete = 1
      AND (owner = ?2 OR EXISTS (SELECT 1 FROM blob_reader WHERE blob = blob.no AND agent = ?2)) LIMIT 1`;
    const row = queries.get(sql, blob, reader);
    if (row === undefined) return undefined;
    if (at - int(row, 'used_at') > usedEveryMs)
      await commits.add((tx) => void tx.run('UPDATE blob SET used_at = ? WHERE no = ?', at, int(row, 'no')));
    return storedOf(row);
  }

  dropIdle(since: number): Promise<readonly string[]> {
    return this.#database.commits.add((queries) => {
      const rows = queries.all('SELECT name FROM blob WHERE used_at < ?', since);
      queries.run('DELETE FROM blob WHERE used_at < ?', since);
      return rows.map((row) => text(row, 'name'));
    });
  }

  async names(): Promise<readonly string[]> {
    return this.#database.queries.all('SELECT name FROM blob').map((row) => text(row, 'name'));
  }
}

function create(queries: Queries, wanted: Parameters<HubBlobs['open']>[0]): number {
  const { blob, owner, name, size, at, maxBytes } = wanted;
  const kept = queries.get('SELECT coalesce(sum(size), 0) AS bytes FROM blob WHERE owner = ?', owner);
  if (kept !== undefined && int(kept, 'bytes') + size > maxBytes)
    throw new MeshError('FILES_FULL', `A blob of ${size} bytes exceeds the ${maxBytes} that an agent may keep here`);
  const sql = 'INSERT INTO blob (id, owner, name, size, used_at) VALUES (?, ?, ?, ?, ?)';
  return queries.insert(sql, blob, owner, name, size, at);
}

const storedOf = (row: Row): StoredBlob => ({
  name: text(row, 'name'),
  size: int(row, 'size'),
  isComplete: int(row, 'complete') === 1,
});
