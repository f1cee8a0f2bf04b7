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
  const whole = `INSERT INTO box (agent, frames, bytes) VALUES (?, ?, ?)
    ON CONFLICT DO UPDATE SET frames = frames + excluded.frames, bytes = bytes + excluded.bytes`;
  queries.run(whole, agent, frames, bytes);
  const sql = `INSERT INTO share (agent, sender, frames, bytes) VALUES (?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET frames = frames + excluded.frames, bytes = bytes + excluded.bytes`;
  for (const name of isGuest ? [sender, guests] : [sender]) queries.run(sql, agent, name, frames, bytes);
  if (frames >= 0) return;
  queries.run('DELETE FROM share WHERE agent = ? AND sender = ? AND frames <= 0', agent, sender);
  queries.run('DELETE FROM box WHERE agent = ? AND frames <= 0', agent);
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
  queries.run('DELETE FROM box WHERE agent = ?', agent);
  queries.run(
    'INSERT INTO box (agent, frames, bytes) SELECT agent, count(*), sum(size) FROM frame WHERE agent = ? GROUP BY agent',
    agent,
  );
}
