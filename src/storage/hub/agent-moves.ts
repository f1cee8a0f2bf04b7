import type { AgentId } from '#identity';
import { int } from '../sqlite/columns.ts';
import type { Queries } from '../sqlite/database.ts';
import { lastCursor } from './mailboxes.ts';
import { recount } from './shares.ts';

/** All that `from` had is that of `to`. True when it is a member. */
export function rename(queries: Queries, from: AgentId, to: AgentId): boolean {
  const old = queries.get('SELECT no, state FROM agent WHERE id = ?', from);
  if (old === undefined) return false;
  const no = int(old, 'no');
  const other = queries.get('SELECT no FROM agent WHERE id = ?', to);
  if (other !== undefined) merge(queries, int(other, 'no'), no);
  queries.run('UPDATE agent SET id = ?, last_resort = NULL WHERE no = ?', to, no);
  queries.run('DELETE FROM key_package WHERE agent = ?', no);
  queries.run('INSERT OR REPLACE INTO former (id, agent) VALUES (?, ?)', from, no);
  // The new id is nobody's earlier one any more.
  queries.run('DELETE FROM former WHERE id = ?', to);
  for (const [table, column] of placesOfIds) {
    queries.run(`UPDATE OR IGNORE ${table} SET ${column} = ? WHERE ${column} = ?`, to, from);
    queries.run(`DELETE FROM ${table} WHERE ${column} = ?`, from);
  }
  return int(old, 'state') === 0;
}

const placesOfIds = [
  ['room_member', 'agent'],
  ['room', 'creator'],
  ['blob', 'owner'],
  ['blob_reader', 'agent'],
] as const;

/** Drops what is kept for a member; its id is remembered as that of somebody who was evicted. */
export function forget(queries: Queries, no: number): void {
  for (const table of ['frame', 'seen', 'share', 'box', 'key_package', 'capability', 'former'])
    queries.run(`DELETE FROM ${table} WHERE agent = ?`, no);
  queries.run('DELETE FROM room_member WHERE agent = (SELECT id FROM agent WHERE no = ?)', no);
  // Their files go with the next look for those that nobody uses.
  queries.run('UPDATE blob SET used_at = 0, complete = 0 WHERE owner = (SELECT id FROM agent WHERE no = ?)', no);
  const sql = `UPDATE agent SET state = 1, card = x'', text = '', last_resort = NULL WHERE no = ?`;
  queries.run(sql, no);
}

/** Somebody registered with the new key before it showed where that came from: what waits for it is kept. */
function merge(queries: Queries, from: number, into: number): void {
  queries.run('UPDATE frame SET agent = ? WHERE agent = ?', into, from);
  queries.run('UPDATE OR IGNORE seen SET agent = ? WHERE agent = ?', into, from);
  queries.run('UPDATE former SET agent = ? WHERE agent = ?', into, from);
  for (const table of ['seen', 'share', 'box']) queries.run(`DELETE FROM ${table} WHERE agent = ?`, from);
  queries.run('DELETE FROM agent WHERE no = ?', from);
  recount(queries, into);
  renumber(queries, into);
}

/** Places in one of the two mailboxes say nothing about the other: all frames come behind every place that was given out. */
function renumber(queries: Queries, agent: number): void {
  let seq = lastCursor(queries);
  for (const row of queries.all('SELECT seq FROM frame WHERE agent = ? ORDER BY seq', agent)) {
    seq += 1;
    for (const table of ['frame', 'seen'])
      queries.run(`UPDATE ${table} SET seq = ? WHERE seq = ?`, seq, int(row, 'seq'));
  }
  queries.run("UPDATE sqlite_sequence SET seq = ? WHERE name = 'frame'", seq);
}
