import type { AgentId } from '#identity';
import type { Source, SourceReader, SourceWriter } from '#pipeline';
import type { MessageId } from '#protocol';
import { text } from './columns.ts';
import type { Queries } from './database.ts';

/** A bound on how long one call holds everything else up. */
const maxPruned = 50_000;

/** Whose text came with answers. */
export class Sources implements SourceReader {
  protected readonly queries: Queries;

  constructor(queries: Queries) {
    this.queries = queries;
  }

  heard(cause: number): readonly Source[] {
    const rows = this.queries.all('SELECT agent, message FROM heard WHERE cause = ? ORDER BY message', cause);
    return rows.map((row) => ({ agent: text(row, 'agent') as AgentId, message: text(row, 'message') as MessageId }));
  }
}

export class WritableSources extends Sources implements SourceWriter {
  add(cause: number, { agent, message }: Source): void {
    this.queries.run('INSERT OR IGNORE INTO heard (cause, agent, message) VALUES (?, ?, ?)', cause, agent, message);
  }

  prune(): number {
    return this.queries.run(`DELETE FROM heard WHERE cause IN (SELECT h.cause FROM heard h WHERE NOT EXISTS
      (SELECT 1 FROM inbox i WHERE i.seq = h.cause) LIMIT ${maxPruned})`);
  }
}
