import type { Queries } from '../sqlite/database.ts';

/** How much of one sender. */
export interface Part {
  readonly sender: string;
  readonly isGuest: boolean;
  readonly frames: number;
  readonly bytes: number;
}

/** What all guests together have in a mailbox is counted under no name. */
export const guests = '';

/** Adds to what a mailbox holds, or with negative numbers takes away. */
export function count(queries: Queries, agent: number, { sender, isGuest, frames, bytes }: Part): void {
  queries.run('UPDATE agent SET frames = frames + ?, bytes = bytes + ? WHERE no = ?', frames, bytes, agent);
  const sql = `INSERT INTO share (agent, sender, frames, bytes) VALUES (?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET frames = frames + excluded.frames, bytes = bytes + excluded.bytes`;
  for (const name of isGuest ? [sender, guests] : [sender]) queries.run(sql, agent, name, frames, bytes);
  if (frames < 0) queries.run('DELETE FROM share WHERE agent = ? AND sender = ? AND frames <= 0', agent, sender);
}

/** Counts all of a mailbox anew. */
export function recount(queries: Queries, agent: number): void {
  queries.run('DELETE FROM share WHERE agent = ?', agent);
  const add = 'INSERT INTO share (agent, sender, frames, bytes)';
  queries.run(
    `${add} SELECT agent, sender, count(*), sum(size) FROM frame WHERE agent = ? GROUP BY agent, sender`,
    agent,
  );
  queries.run(
    `${add} SELECT agent, '', count(*), sum(size) FROM frame WHERE agent = ? AND guest = 1 GROUP BY agent`,
    agent,
  );
  const sql = `UPDATE agent SET frames = (SELECT count(*) FROM frame WHERE agent = ?1),
    bytes = (SELECT coalesce(sum(size), 0) FROM frame WHERE agent = ?1) WHERE no = ?1`;
  queries.run(sql, agent);
}
