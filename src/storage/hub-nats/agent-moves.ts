import type { AgentId } from '#identity';
import type { FullAgentRow, IndexedAgent } from './agent-row.ts';

interface Move {
  readonly to: AgentId;
  /** Somebody registered with the new key before it showed where that came from: what waits for it is kept. */
  readonly other: IndexedAgent | undefined;
  /** Key packages are of devices of the earlier key: they are left behind under the old name. */
  readonly newKeys: string;
  readonly placesSince: number;
}

/** All that `row` had is that of `to`. Of one that was evicted, and of one that joins it then, nothing is kept. */
export function moved(row: FullAgentRow, { to, other, newKeys, placesSince }: Move): FullAgentRow {
  const formers = new Set([...row.formers, ...(other?.formers ?? []), row.id]);
  // The new id is nobody's earlier one any more.
  formers.delete(to);
  const common = { ...row, id: to, formers: [...formers], keys: row.isMember ? newKeys : '' };
  if (other === undefined) return common;
  return {
    ...common,
    joins: row.isMember ? [...row.joins, ...(other.isMember ? [other.box, ...other.joins] : [])] : [],
    absorbed: [...row.absorbed, ...other.absorbed, other.key],
    invites: [...row.invites, ...other.invites],
    // What it had read was another mailbox.
    placesSince,
  };
}

/** Its id is remembered as that of somebody who was evicted; ids that it had before too, for what names them. */
export const evicted = (row: FullAgentRow, directorySeq: number): FullAgentRow => ({
  ...row,
  isMember: false,
  card: new Uint8Array(),
  text: '',
  capabilities: [],
  box: '',
  keys: '',
  joins: [],
  evictedAt: directorySeq,
});
