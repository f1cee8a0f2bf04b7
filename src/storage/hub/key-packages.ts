import { createHash } from 'node:crypto';
import { MeshError } from '#kernel';
import type { AgentId } from '#identity';
import type { HubKeyPackages } from '#hub';
import { blob, int } from '../sqlite/columns.ts';
import type { Queries } from '../sqlite/database.ts';
import { type HubDatabase, memberNo } from './hub-database.ts';

export class SqliteKeyPackages implements HubKeyPackages {
  readonly #database: HubDatabase;

  constructor(database: HubDatabase) {
    this.#database = database;
  }

  put(agentId: AgentId, put: Parameters<HubKeyPackages['put']>[1]): Promise<number> {
    return this.#database.commits.add((queries) => {
      const agent = needMember(queries, agentId);
      const { packages, lastResort, max } = put;
      if (lastResort !== undefined) queries.run('UPDATE agent SET last_resort = ? WHERE no = ?', lastResort, agent);
      let left = countLeft(queries, agent);
      for (const bytes of packages) {
        if (left >= max) break;
        // One that was handed out leaves its hash, so that it cannot come again.
        const sql = 'INSERT OR IGNORE INTO key_package (agent, hash, bytes) VALUES (?, ?, ?)';
        left += queries.run(sql, agent, createHash('sha256').update(bytes).digest(), bytes);
      }
      return left;
    });
  }

  take(agentId: AgentId): Promise<Uint8Array | undefined> {
    return this.#database.commits.add((queries) => {
      const agent = needMember(queries, agentId);
      const sql = 'SELECT no, bytes FROM key_package WHERE agent = ? AND bytes IS NOT NULL ORDER BY no LIMIT 1';
      const row = queries.get(sql, agent);
      if (row === undefined) return lastResort(queries, agent);
      queries.run('UPDATE key_package SET bytes = NULL WHERE no = ?', int(row, 'no'));
      return blob(row, 'bytes');
    });
  }
}

function needMember(queries: Queries, agentId: AgentId): number {
  const no = memberNo(queries, agentId);
  if (no === undefined) throw new MeshError('UNKNOWN_AGENT');
  return no;
}

function countLeft(queries: Queries, agent: number): number {
  const row = queries.get('SELECT count(*) AS left FROM key_package WHERE agent = ? AND bytes IS NOT NULL', agent);
  return row === undefined ? 0 : int(row, 'left');
}

function lastResort(queries: Queries, agent: number): Uint8Array | undefined {
  const row = queries.get('SELECT last_resort FROM agent WHERE no = ? AND last_resort IS NOT NULL', agent);
  return row && blob(row, 'last_resort');
}
