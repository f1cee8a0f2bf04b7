import { MeshError, toHex } from '#kernel';
import type { AgentId } from '#identity';
import type { HubInvites, HubInviteView } from '#hub';
import { blob, int, text } from '../sqlite/columns.ts';
import type { Queries, Row } from '../sqlite/database.ts';
import { type HubDatabase, idIn } from './hub-database.ts';

const shownCharacters = 12;

export class SqliteInvites implements HubInvites {
  readonly #database: HubDatabase;

  constructor(database: HubDatabase) {
    this.#database = database;
  }

  create({ hash, note, createdAt, expiresAt }: Parameters<HubInvites['create']>[0]): Promise<void> {
    const sql = 'INSERT INTO invite (hash, note, created_at, expires_at) VALUES (?, ?, ?, ?)';
    return this.#database.commits.add((queries) => void queries.run(sql, hash, note, createdAt, expiresAt));
  }

  async list(): Promise<readonly HubInviteView[]> {
    return this.#database.queries.all('SELECT * FROM invite ORDER BY created_at, hash').map(viewOf);
  }

  revoke(id: string): Promise<boolean> {
    return this.#database.commits.add((queries) => {
      const rows = queries.all('SELECT hash FROM invite WHERE used_at IS NULL');
      const found = rows.find((row) => shown(row) === id);
      return found !== undefined && queries.run('DELETE FROM invite WHERE hash = ?', blob(found, 'hash')) > 0;
    });
  }
}

/** Inside the transaction that admits the agent. Throws INVITE_INVALID, INVITE_USED, INVITE_EXPIRED. */
export function useInvite(
  queries: Queries,
  { hash, agentId, at }: { readonly hash: Uint8Array; readonly agentId: AgentId; readonly at: number },
): void {
  const row = queries.get('SELECT expires_at, used_at FROM invite WHERE hash = ?', hash);
  if (row === undefined) throw new MeshError('INVITE_INVALID', 'This hub did not make that invite');
  if (row['used_at'] !== null) throw new MeshError('INVITE_USED');
  if (int(row, 'expires_at') <= at) throw new MeshError('INVITE_EXPIRED');
  queries.run('UPDATE invite SET used_by = ?, used_at = ? WHERE hash = ?', agentId, at, hash);
}

const shown = (row: Row): string => toHex(new Uint8Array(blob(row, 'hash'))).slice(0, shownCharacters);

const viewOf = (row: Row): HubInviteView => ({
  id: shown(row),
  note: text(row, 'note'),
  createdAt: int(row, 'created_at'),
  expiresAt: int(row, 'expires_at'),
  ...(row['used_at'] === null ? {} : { usedBy: idIn(row, 'used_by'), usedAt: int(row, 'used_at') }),
});
