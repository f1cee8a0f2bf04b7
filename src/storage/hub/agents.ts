import { equalBytes, MeshError } from '#kernel';
import type { AgentId } from '#identity';
import type { AgentLife, DirectoryQuery, HubAgent, HubAgents, HubAgentView, Registration } from '#hub';
import { blob, int, intOrNull, text } from '../sqlite/columns.ts';
import type { Queries, Row } from '../sqlite/database.ts';
import { type HubDatabase, idIn, memberNo, presentId } from './hub-database.ts';
import { forget, rename } from './agent-moves.ts';
import { useInvite } from './invites.ts';

export class SqliteAgents implements HubAgents {
  readonly #database: HubDatabase;

  constructor(database: HubDatabase) {
    this.#database = database;
  }

  async find(agentId: AgentId): Promise<HubAgent | undefined> {
    const { queries } = this.#database;
    const no = memberNo(queries, agentId);
    const row =
      no === undefined ? undefined : queries.get('SELECT id, name, registered_at FROM agent WHERE no = ?', no);
    return row && agentOf(row);
  }

  async card(agentId: AgentId): Promise<Uint8Array | undefined> {
    const { queries } = this.#database;
    const no = memberNo(queries, agentId);
    const row = no === undefined ? undefined : queries.get('SELECT card FROM agent WHERE no = ?', no);
    return row && blob(row, 'card');
  }

  register(registration: Registration): Promise<void> {
    return this.#database.commits.add((queries) => register(queries, registration));
  }

  move(from: AgentId, to: AgentId): Promise<boolean> {
    return this.#database.commits.add((queries) => rename(queries, from, to));
  }

  async keepLife(agentId: AgentId, life: AgentLife | undefined): Promise<Uint8Array | undefined> {
    const { queries, commits } = this.#database;
    // Nearly always it is the one that is known, and nothing is written.
    const known = lifeOf(queries, agentId);
    if (known === undefined || (known.life === undefined && life === undefined)) return undefined;
    if (life !== undefined && known.life !== undefined && equalBytes(life.encoded, known.life.encoded))
      return undefined;
    return commits.add((tx) => keepLife(tx, agentId, life));
  }

  async directory(query: DirectoryQuery): Promise<{ cards: readonly Uint8Array[]; next?: string }> {
    const { search = '', capability = '', after = '', limit, maxBytes } = query;
    const sql = `SELECT name, card FROM agent WHERE state = 0 AND name > ?1 AND (?2 = '' OR instr(text, ?2) > 0)
      AND (?3 = '' OR EXISTS (SELECT 1 FROM capability WHERE id = ?3 AND agent = agent.no)) ORDER BY name LIMIT ?4`;
    const rows = this.#database.queries.all(sql, after, search, capability, limit + 1);
    const cards: Uint8Array[] = [];
    let bytes = 0;
    for (const row of rows.slice(0, limit)) {
      const card = blob(row, 'card');
      bytes += card.length;
      if (cards.length > 0 && bytes > maxBytes) break;
      cards.push(card);
    }
    const last = rows[cards.length - 1];
    return cards.length < rows.length && last !== undefined ? { cards, next: text(last, 'name') } : { cards };
  }

  async list({ after = '', limit }: { after?: string | undefined; limit: number }): Promise<readonly HubAgentView[]> {
    const sql = `SELECT id, name, registered_at, coalesce((SELECT b.frames FROM box b WHERE b.agent = agent.no), 0) AS frames,
      coalesce((SELECT b.bytes FROM box b WHERE b.agent = agent.no), 0) AS bytes,
      (SELECT min(seq) FROM frame WHERE agent = agent.no) AS oldest,
      (SELECT count(*) FROM key_package WHERE agent = agent.no AND bytes IS NOT NULL) AS packages,
      (SELECT coalesce(sum(size), 0) FROM blob WHERE owner = agent.id) AS blob_bytes
      FROM agent WHERE state = 0 AND name > ? ORDER BY name LIMIT ?`;
    const { queries } = this.#database;
    return queries.all(sql, after, limit).map((row) => viewOf(queries, row));
  }

  evict(agentId: AgentId): Promise<boolean> {
    return this.#database.commits.add((queries) => {
      const no = memberNo(queries, agentId);
      if (no === undefined) return false;
      forget(queries, no);
      return true;
    });
  }
}

const agentOf = (row: Row): HubAgent => ({
  agentId: idIn(row, 'id'),
  name: text(row, 'name'),
  registeredAt: int(row, 'registered_at'),
});

function viewOf(queries: Queries, row: Row): HubAgentView {
  const oldest = intOrNull(row, 'oldest');
  const first = oldest === null ? undefined : queries.get('SELECT at FROM frame WHERE seq = ?', oldest);
  return {
    ...agentOf(row),
    frames: int(row, 'frames'),
    bytes: int(row, 'bytes'),
    ...(first === undefined ? {} : { oldestAt: int(first, 'at') }),
    keyPackages: int(row, 'packages'),
    blobBytes: int(row, 'blob_bytes'),
  };
}

function register(queries: Queries, registration: Registration): void {
  const { agentId, name, seq } = registration;
  if (presentId(queries, agentId) !== agentId)
    throw new MeshError('NOT_ADMITTED', `The agent ${agentId} has another key now`);
  const found = queries.get('SELECT no, state, seq FROM agent WHERE id = ?', agentId);
  const isMember = found !== undefined && int(found, 'state') === 0;
  if (isMember && seq < int(found, 'seq')) throw new MeshError('CARD_ROLLBACK');
  const holder = queries.get('SELECT id FROM agent WHERE name = ? AND state = 0', name);
  if (holder !== undefined && text(holder, 'id') !== agentId)
    throw new MeshError('NAME_TAKEN', `The name ${name} belongs to another agent at this hub`);
  if (!isMember) admit(queries, registration, found !== undefined);
  const no = found === undefined ? insert(queries, registration) : renew(queries, registration, int(found, 'no'));
  queries.run('DELETE FROM capability WHERE agent = ?', no);
  for (const id of new Set(registration.capabilities))
    queries.run('INSERT INTO capability (id, agent) VALUES (?, ?)', id, no);
}

/** An invite is used only by whoever needs it. */
function admit(queries: Queries, registration: Registration, wasEvicted: boolean): void {
  const { isAdmitted, isReadmitted = false, invite, agentId, at, maxAgents } = registration;
  const members = queries.get('SELECT count(*) AS count FROM agent WHERE state = 0');
  if (members !== undefined && int(members, 'count') >= maxAgents)
    throw new MeshError('HUB_FULL', `The hub has maxAgents ${maxAgents} members`);
  if (isAdmitted && (isReadmitted || !wasEvicted)) return;
  if (invite === undefined) throw new MeshError('NOT_ADMITTED');
  useInvite(queries, { hash: invite, agentId, at });
}

function insert(queries: Queries, { agentId, name, seq, card, text: words, at }: Registration): number {
  const sql = 'INSERT INTO agent (id, name, state, seq, card, text, registered_at) VALUES (?, ?, 0, ?, ?, ?, ?)';
  return queries.insert(sql, agentId, name, seq, card, words, at);
}

function renew(queries: Queries, { name, seq, card, text: words, at }: Registration, no: number): number {
  const sql = `UPDATE agent SET name = ?1, seq = ?2, card = ?3, text = ?4,
    registered_at = CASE state WHEN 0 THEN registered_at ELSE ?5 END, state = 0 WHERE no = ?6`;
  queries.run(sql, name, seq, card, words, at, no);
  return no;
}

interface KnownLife {
  readonly no: number;
  readonly life: AgentLife | undefined;
}

function lifeOf(queries: Queries, agentId: AgentId): KnownLife | undefined {
  const row = queries.get('SELECT no, life_number, life_id, life FROM agent WHERE id = ?', agentId);
  if (row === undefined) return undefined;
  const number = intOrNull(row, 'life_number');
  const life = number === null ? undefined : { number, id: blob(row, 'life_id'), encoded: blob(row, 'life') };
  return { no: int(row, 'no'), life };
}

function keepLife(queries: Queries, agentId: AgentId, life: AgentLife | undefined): Uint8Array | undefined {
  const known = lifeOf(queries, agentId);
  if (known === undefined) return undefined;
  const order = compare(life, known.life);
  if (order < 0) return known.life?.encoded;
  // The same life signed by a new key proves it from now on.
  if (life !== undefined) {
    const sql = 'UPDATE agent SET life_number = ?, life_id = ?, life = ? WHERE no = ?';
    queries.run(sql, life.number, life.id, life.encoded, known.no);
  }
  return undefined;
}

/** Above 0 when the first is later; every life is later than none (spec 1.11). */
function compare(first: AgentLife | undefined, second: AgentLife | undefined): number {
  if (first === undefined || second === undefined) return Number(first !== undefined) - Number(second !== undefined);
  return first.number - second.number || Buffer.compare(first.id, second.id);
}
