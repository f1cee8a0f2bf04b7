import { fromHex, MeshError, toHex } from '#kernel';
import type { AuditEntry, AuditQuery, AuditReader, AuditWriter } from '#audit';
import { blob, int, text } from './columns.ts';
import type { Queries, Row } from './database.ts';
import type { Shared } from './shared.ts';

const select = 'SELECT seq, at, agent, kind, data, previous, hash FROM audit';

export class AuditLog implements AuditReader {
  protected readonly queries: Queries;
  readonly #shared: Shared;

  constructor(queries: Queries, shared: Shared) {
    this.queries = queries;
    this.#shared = shared;
  }

  /** Kept in memory: every new entry builds on it. */
  last(): AuditEntry | undefined {
    const { shared } = this;
    if (shared.lastAudit === undefined) {
      const row = this.queries.get(`${select} ORDER BY seq DESC LIMIT 1`);
      if (row !== undefined) shared.lastAudit = entryOf(row);
    }
    return shared.lastAudit;
  }

  entries(query: AuditQuery): readonly AuditEntry[] {
    const conditions = ['seq > ?'];
    const values: (string | number)[] = [query.afterSeq ?? 0];
    const add = (condition: string, value: string | number | undefined): void => {
      if (value === undefined) return;
      conditions.push(condition);
      values.push(value);
    };
    add('agent = ?', query.agent);
    add('kind = ?', query.kind);
    add('at >= ?', query.since);
    add('at <= ?', query.until);
    const order = query.latest === true ? 'DESC' : 'ASC';
    const sql = `${select} WHERE ${conditions.join(' AND ')} ORDER BY seq ${order} LIMIT ?`;
    const entries = this.queries.all(sql, ...values, query.limit).map(entryOf);
    return query.latest === true ? entries.toReversed() : entries;
  }

  protected get shared(): Shared {
    this.queries.check();
    return this.#shared;
  }
}

export class WritableAuditLog extends AuditLog implements AuditWriter {
  insert(entry: AuditEntry): void {
    this.queries.run(
      'INSERT INTO audit (seq, at, agent, kind, data, previous, hash) VALUES (?, ?, ?, ?, ?, ?, ?)',
      entry.seq,
      entry.at,
      entry.agent,
      entry.kind,
      JSON.stringify(entry.data),
      fromHex(entry.previous),
      fromHex(entry.hash),
    );
    this.shared.lastAudit = entry;
  }
}

function entryOf(row: Row): AuditEntry {
  return {
    seq: int(row, 'seq'),
    at: int(row, 'at'),
    agent: text(row, 'agent'),
    kind: text(row, 'kind'),
    data: dataOf(text(row, 'data')),
    previous: toHex(blob(row, 'previous')),
    hash: toHex(blob(row, 'hash')),
  };
}

function dataOf(json: string): AuditEntry['data'] {
  try {
    return JSON.parse(json) as AuditEntry['data'];
  } catch (cause) {
    throw new MeshError('STORE_CORRUPT', 'An audit entry as it is stored cannot be decoded', { cause });
  }
}
