import type { AgentId } from '#identity';
import { int, intOrNull } from './columns.ts';
import type { Queries } from './database.ts';
import type { Shared } from './shared.ts';

export interface Rename {
  readonly agent: string;
  readonly from: AgentId;
  readonly to: AgentId;
}

/** Everything that names the lane and has nothing of its own that could clash. */
const movable = ['outbox', 'frame', 'receipt', 'session', 'peer_key_package'];

/**
 * The peer has a new key: all rows of its lane follow, deduplication included, so that what it sends again under the
 * new id is known. One row changes unless something was stored for the new id already.
 */
export function renamePeer(queries: Queries, shared: Shared, { agent, from, to }: Rename): void {
  if (from === to) return;
  const old = shared.lanes.find(agent, from);
  if (old === undefined) return;
  const other = shared.lanes.find(agent, to);
  if (other === undefined) queries.run('UPDATE lane SET peer = ? WHERE no = ?', to, old);
  else mergeLanes(queries, shared, { from: old, into: other });
  shared.lanes.reset();
}

interface Merge {
  readonly from: number;
  readonly into: number;
}

/** What the peer sent under both ids, the same file of the same message, stays once. */
function mergeFiles(queries: Queries, { from, into }: Merge): void {
  queries.run('UPDATE OR IGNORE file SET lane = ? WHERE lane = ?', into, from);
  queries.run('DELETE FROM file WHERE lane = ?', from);
}

function mergeLanes(queries: Queries, shared: Shared, { from, into }: Merge): void {
  for (const table of movable) queries.run(`UPDATE ${table} SET lane = ? WHERE lane = ?`, into, from);
  mergeInbox(queries, { from, into });
  mergeFiles(queries, { from, into });
  mergeFrames(queries, { from, into });
  queries.run(
    `INSERT INTO turn (lane, second, count) SELECT ?, second, count FROM turn WHERE lane = ?
     ON CONFLICT (lane, second) DO UPDATE SET count = count + excluded.count`,
    into,
    from,
  );
  queries.run('DELETE FROM turn WHERE lane = ?', from);
  queries.run('UPDATE OR IGNORE conversation_turn SET lane = ? WHERE lane = ?', into, from);
  queries.run('DELETE FROM conversation_turn WHERE lane = ?', from);
  queries.run('DELETE FROM lane WHERE no = ?', from);
  shared.recount();
}

/** Numbered behind those that are there. */
function mergeFrames(queries: Queries, { from, into }: Merge): void {
  const row = queries.get('SELECT max(no) AS no FROM received_frame WHERE lane = ?', into);
  const last = row === undefined ? null : intOrNull(row, 'no');
  queries.run('UPDATE OR IGNORE received_frame SET lane = ?, no = no + ? WHERE lane = ?', into, last ?? 0, from);
  queries.run('DELETE FROM received_frame WHERE lane = ?', from);
}

/** A message that came under both ids is one message: the row that got further stays. */
function mergeInbox(queries: Queries, { from, into }: Merge): void {
  const twice = queries.all(
    `SELECT a.seq AS a, b.seq AS b, sa.phase % 4 + sa.phase / 8 * 8 AS pa, sb.phase % 4 + sb.phase / 8 * 8 AS pb
     FROM inbox a JOIN inbox b ON b.id = a.id AND b.lane = ?2
     JOIN inbox_state sa ON sa.seq = a.seq JOIN inbox_state sb ON sb.seq = b.seq
     WHERE a.lane = ?1`,
    from,
    into,
  );
  for (const row of twice) {
    const isFirst = int(row, 'pa') >= int(row, 'pb');
    const [kept, dropped] = isFirst ? [int(row, 'a'), int(row, 'b')] : [int(row, 'b'), int(row, 'a')];
    // What was given away of either is gone.
    queries.run('UPDATE OR IGNORE budget SET seq = ? WHERE seq = ?', kept, dropped);
    queries.run('DELETE FROM budget WHERE seq = ?', dropped);
    queries.run('DELETE FROM inbox WHERE seq = ?', dropped);
    queries.run('DELETE FROM inbox_state WHERE seq = ?', dropped);
  }
  queries.run('UPDATE inbox_state SET lane = ? WHERE seq IN (SELECT seq FROM inbox WHERE lane = ?)', into, from);
  queries.run('UPDATE inbox SET lane = ? WHERE lane = ?', into, from);
}
