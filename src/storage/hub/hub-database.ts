import type { AgentId } from '#identity';
import { text } from '../sqlite/columns.ts';
import type { Queries } from '../sqlite/database.ts';
import type { GroupCommit } from '../sqlite/group-commit.ts';

/** What the parts of a hub's store share. */
export interface HubDatabase {
  /** For what changes nothing. */
  readonly queries: Queries;
  readonly commits: GroupCommit;
}

export interface AgentRow {
  readonly no: number;
  readonly agentId: AgentId;
}

// Ids in the database were checked before they came here.
export const idIn = (row: Parameters<typeof text>[0], column: string): AgentId => text(row, column) as AgentId;

/** A member by its present id or an earlier one. */
export function memberNo(queries: Queries, agentId: AgentId): number | undefined {
  const row = queries.get(
    `SELECT no FROM agent WHERE state = 0 AND (id = ?1 OR no = (SELECT agent FROM former WHERE id = ?1))`,
    agentId,
  );
  return typeof row?.['no'] === 'number' ? row['no'] : undefined;
}

/** The id that the agent has now; its own for one that never had another here. */
export function presentId(queries: Queries, agentId: AgentId): AgentId {
  const row = queries.get('SELECT id FROM agent WHERE no = (SELECT agent FROM former WHERE id = ?)', agentId);
  return row === undefined ? agentId : idIn(row, 'id');
}
