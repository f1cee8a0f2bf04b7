import { MeshError } from '#kernel';
import type { AgentId } from '#identity';
import type { OwnKeyPackageRecord, PeerKeyPackageRecord, SessionReader, SessionRecord, SessionWriter } from '#session';
import { blob, int, orNull, text } from './columns.ts';
import type { Queries, Row } from './database.ts';
import type { Lanes } from './lanes.ts';
import type { Shared } from './shared.ts';

export class Sessions implements SessionReader {
  protected readonly queries: Queries;
  readonly #shared: Shared;

  constructor(queries: Queries, shared: Shared) {
    this.queries = queries;
    this.#shared = shared;
  }

  session(agent: string, groupId: string): SessionRecord | undefined {
    const row = this.queries.get('SELECT * FROM session WHERE agent = ? AND group_id = ?', agent, groupId);
    return row === undefined ? undefined : sessionOf(row, this.shared.lanes);
  }

  sessions(agent: string, peer: AgentId): readonly SessionRecord[] {
    const lane = this.shared.lanes.find(agent, peer);
    if (lane === undefined) return [];
    const sql = `SELECT * FROM session WHERE lane = ? ORDER BY role = 'current' DESC, created_at DESC, no DESC`;
    return this.queries.all(sql, lane).map((row) => sessionOf(row, this.shared.lanes));
  }

  ownKeyPackage(agent: string, ref: string): OwnKeyPackageRecord | undefined {
    const row = this.queries.get('SELECT * FROM own_key_package WHERE agent = ? AND ref = ?', agent, ref);
    if (row === undefined) return undefined;
    return {
      agent,
      ref,
      publicBytes: blob(row, 'public_bytes'),
      privateBytes: blob(row, 'private_bytes'),
      expiresAt: int(row, 'expires_at'),
    };
  }

  peerKeyPackages(query: {
    readonly agent: string;
    readonly peer: AgentId;
    readonly now: number;
  }): readonly PeerKeyPackageRecord[] {
    const { agent, peer, now } = query;
    const lane = this.shared.lanes.find(agent, peer);
    if (lane === undefined) return [];
    const sql =
      'SELECT ref, bytes, expires_at FROM peer_key_package WHERE lane = ? AND expires_at > ? ORDER BY no DESC';
    return this.queries.all(sql, lane, now).map((row) => ({
      agent,
      peer,
      ref: text(row, 'ref'),
      bytes: blob(row, 'bytes'),
      expiresAt: int(row, 'expires_at'),
    }));
  }

  protected get shared(): Shared {
    this.queries.check();
    return this.#shared;
  }
}

export class WritableSessions extends Sessions implements SessionWriter {
  putSession(record: SessionRecord): void {
    const lane = this.shared.lanes.ensure(this.queries, record.agent, record.peer);
    this.queries.run(
      `INSERT INTO session (lane, agent, group_id, role, created_here, confirmed, created_at, draining_since, state)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (agent, group_id) DO UPDATE SET lane = excluded.lane, role = excluded.role,
         created_here = excluded.created_here, confirmed = excluded.confirmed, created_at = excluded.created_at,
         draining_since = excluded.draining_since, state = excluded.state`,
      lane,
      record.agent,
      record.groupId,
      record.role,
      Number(record.createdHere),
      Number(record.confirmed),
      record.createdAt,
      orNull(record.drainingSince),
      record.state,
    );
  }

  /** Throws SESSION_UNKNOWN: what was sealed with a state that cannot be stored must not be stored either. */
  saveState(record: Pick<SessionRecord, 'agent' | 'groupId' | 'state' | 'confirmed'>): void {
    const sql = 'UPDATE session SET state = ?, confirmed = ? WHERE agent = ? AND group_id = ?';
    const saved = this.queries.run(sql, record.state, Number(record.confirmed), record.agent, record.groupId);
    if (saved === 0) throw new MeshError('SESSION_UNKNOWN', `The session ${record.groupId} is not in the store`);
  }

  deleteSession(agent: string, groupId: string): void {
    this.queries.run('DELETE FROM session WHERE agent = ? AND group_id = ?', agent, groupId);
  }

  deleteSessionsOf(agent: string, peer?: AgentId): void {
    if (peer === undefined) {
      this.queries.run('DELETE FROM session WHERE agent = ?', agent);
      return;
    }
    const lane = this.shared.lanes.find(agent, peer);
    if (lane !== undefined) this.queries.run('DELETE FROM session WHERE lane = ?', lane);
  }

  putOwnKeyPackage(record: OwnKeyPackageRecord): void {
    this.queries.run(
      `INSERT OR REPLACE INTO own_key_package (agent, ref, public_bytes, private_bytes, expires_at)
       VALUES (?, ?, ?, ?, ?)`,
      record.agent,
      record.ref,
      record.publicBytes,
      record.privateBytes,
      record.expiresAt,
    );
  }

  deleteOwnKeyPackage(agent: string, ref: string): void {
    this.queries.run('DELETE FROM own_key_package WHERE agent = ? AND ref = ?', agent, ref);
  }

  putPeerKeyPackage(record: PeerKeyPackageRecord): void {
    const lane = this.shared.lanes.ensure(this.queries, record.agent, record.peer);
    this.queries.run(
      'INSERT OR REPLACE INTO peer_key_package (lane, agent, ref, bytes, expires_at) VALUES (?, ?, ?, ?, ?)',
      lane,
      record.agent,
      record.ref,
      record.bytes,
      record.expiresAt,
    );
  }

  deletePeerKeyPackage(agent: string, ref: string): void {
    this.queries.run('DELETE FROM peer_key_package WHERE agent = ? AND ref = ?', agent, ref);
  }

  deleteKeyPackagesOf(agent: string): void {
    for (const table of ['own_key_package', 'peer_key_package'])
      this.queries.run(`DELETE FROM ${table} WHERE agent = ?`, agent);
  }

  prune(options: { readonly now: number; readonly drainedBefore: number }): number {
    const drained = `DELETE FROM session WHERE role = 'draining' AND draining_since < ?`;
    return (
      this.queries.run('DELETE FROM own_key_package WHERE expires_at <= ?', options.now) +
      this.queries.run('DELETE FROM peer_key_package WHERE expires_at <= ?', options.now) +
      this.queries.run(drained, options.drainedBefore)
    );
  }
}

function sessionOf(row: Row, lanes: Lanes): SessionRecord {
  const { agent, peer } = lanes.at(int(row, 'lane'));
  return {
    agent,
    peer,
    groupId: text(row, 'group_id'),
    role: text(row, 'role') === 'current' ? 'current' : 'draining',
    createdHere: int(row, 'created_here') === 1,
    confirmed: int(row, 'confirmed') === 1,
    state: blob(row, 'state'),
    createdAt: int(row, 'created_at'),
    ...(row.draining_since === null ? {} : { drainingSince: int(row, 'draining_since') }),
  };
}
