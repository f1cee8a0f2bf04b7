import { encodeCbor, MeshError } from '#kernel';
import type { AgentId } from '#identity';
import type { ConversationId } from '#protocol';
import type {
  Contact,
  ContactQuery,
  ContactReader,
  ContactWriter,
  ConversationTurns,
  InviteRecord,
  RequestId,
  Tier,
} from '#trust';
import { blob, int, orNull, text } from './columns.ts';
import { decodeContact } from './contact-cache.ts';
import { countConversationTurn, fullConversations, turnFreeAt } from './conversation-turns.ts';
import type { Queries, Row } from './database.ts';
import { renamePeer } from './rename-peer.ts';
import type { Scope } from './scope.ts';
import type { Shared } from './shared.ts';

const maxMatches = 10;
const day = 24 * 3600 * 1000;
/** Longer than any window in which requests or turns are counted. */
const countsKeptMs = 2 * day;
/** For a week an invite that is over can still be told apart from one that never was. */
const invitesKeptMs = 7 * day;

export class Contacts implements ContactReader {
  protected readonly queries: Queries;
  readonly #shared: Shared;

  constructor(queries: Queries, shared: Shared) {
    this.queries = queries;
    this.#shared = shared;
  }

  byAgentId(agent: string, agentId: AgentId): Contact | undefined {
    return this.all(agent).get(agentId);
  }

  byPetname(agent: string, petname: string): Contact | undefined {
    return this.#find(agent, (contact) => contact.petname === petname);
  }

  byRequestId(agent: string, requestId: RequestId): Contact | undefined {
    return this.#find(agent, (contact) => contact.requestId === requestId);
  }

  byIdPrefix(agent: string, prefix: string): readonly Contact[] {
    return sorted(
      this.all(agent)
        .values()
        .filter(({ agentId }) => agentId.startsWith(prefix)),
    ).slice(0, maxMatches);
  }

  list(query: ContactQuery): readonly Contact[] {
    const { states } = query;
    const contacts = this.all(query.agent).values();
    return sorted(states === undefined ? contacts : contacts.filter(({ state }) => states.includes(state)));
  }

  requestsSince(agent: string, since: number): number {
    const row = this.queries.get('SELECT count(*) AS n FROM contact_request WHERE agent = ? AND at >= ?', agent, since);
    return row === undefined ? 0 : int(row, 'n');
  }

  hasNonce(signer: AgentId, nonce: string): boolean {
    return this.queries.get('SELECT 1 FROM nonce WHERE signer = ? AND nonce = ?', signer, nonce) !== undefined;
  }

  invite(id: string): InviteRecord | undefined {
    const row = this.queries.get('SELECT * FROM invite WHERE id = ?', id);
    return row === undefined ? undefined : inviteOf(row);
  }

  invites(agent: string): readonly InviteRecord[] {
    return this.queries.all('SELECT * FROM invite WHERE agent = ? ORDER BY created_at, id', agent).map(inviteOf);
  }

  turnsSince(agent: string, peer: AgentId, since: number): number {
    const lane = this.shared.lanes.find(agent, peer);
    if (lane === undefined) return 0;
    const sql = 'SELECT coalesce(sum(count), 0) AS n FROM turn WHERE lane = ? AND second >= ?';
    const row = this.queries.get(sql, lane, secondOf(since));
    return row === undefined ? 0 : int(row, 'n');
  }

  turnFreeAt(agent: string, peer: AgentId, asked: ConversationTurns): number | undefined {
    const lane = this.shared.lanes.find(agent, peer);
    return lane === undefined ? undefined : turnFreeAt(this.queries, lane, asked);
  }

  fullConversations(asked: { readonly agent: string } & Omit<ConversationTurns, 'conversation'>) {
    return fullConversations(this.queries, this.shared, asked);
  }

  protected get shared(): Shared {
    this.queries.check();
    return this.#shared;
  }

  protected all(agent: string): ReadonlyMap<AgentId, Contact> {
    return this.shared.contacts.of(agent);
  }

  #find(agent: string, matches: (contact: Contact) => boolean): Contact | undefined {
    return this.all(agent).values().find(matches);
  }
}

export class WritableContacts extends Contacts implements ContactWriter {
  readonly #scope: Scope;

  constructor(scope: Scope, shared: Shared) {
    super(scope, shared);
    this.#scope = scope;
  }

  put(contact: Contact): void {
    const { agent, agentId, petname } = contact;
    const holder = this.byPetname(agent, petname);
    if (holder !== undefined && holder.agentId !== agentId) {
      throw new MeshError('NAME_TAKEN', `Another contact is called ${petname} already`, { data: { petname } });
    }
    const body = encodeCbor(contact);
    // Decoded at once: a copy of its own, and what cannot be read back is refused here and not at the next start.
    const stored = decodeContact(body);
    this.queries.run(
      `INSERT INTO contact (agent, agent_id, petname, body) VALUES (?, ?, ?, ?)
       ON CONFLICT (agent, agent_id) DO UPDATE SET petname = excluded.petname, body = excluded.body`,
      agent,
      agentId,
      petname,
      body,
    );
    this.shared.contacts.put(stored);
  }

  delete(agent: string, agentId: AgentId): void {
    this.queries.run('DELETE FROM contact WHERE agent = ? AND agent_id = ?', agent, agentId);
    this.shared.contacts.delete(agent, agentId);
  }

  rename(agent: string, from: AgentId, to: AgentId): void {
    const contact = this.byAgentId(agent, from);
    this.#scope.flush();
    renamePeer(this.queries, this.shared, { agent, from, to });
    if (contact === undefined) return;
    // The contact that is followed stays as it is; one that was made for the new key before gives way.
    this.delete(agent, from);
    this.delete(agent, to);
    this.put({ ...contact, agentId: to });
  }

  countRequest(agent: string, at: number): void {
    this.queries.run('INSERT INTO contact_request (agent, at) VALUES (?, ?)', agent, at);
  }

  useNonce(signer: AgentId, nonce: string, expiresAt: number): boolean {
    const sql = 'INSERT INTO nonce (signer, nonce, expires_at, ran) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING';
    return this.queries.run(sql, signer, nonce, expiresAt, this.shared.runTime.ranMs) === 1;
  }

  putInvite(invite: InviteRecord): void {
    this.queries.run(
      `INSERT OR REPLACE INTO invite (id, agent, secret, tier, created_at, expires_at, used_at, used_by)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
      invite.id,
      invite.agent,
      invite.secret,
      invite.tier,
      invite.createdAt,
      invite.expiresAt,
      orNull(invite.usedAt),
      orNull(invite.usedBy),
    );
  }

  countTurns(agent: string, peer: AgentId, turns: { readonly at: number; readonly count: number }): void {
    const lane = this.shared.lanes.ensure(this.queries, agent, peer);
    this.queries.run(
      `INSERT INTO turn (lane, second, count) VALUES (?, ?, ?)
       ON CONFLICT (lane, second) DO UPDATE SET count = count + excluded.count`,
      lane,
      secondOf(turns.at),
      turns.count,
    );
  }

  countConversationTurn(
    agent: string,
    peer: AgentId,
    turn: { readonly conversation: ConversationId; readonly at: number },
  ): void {
    countConversationTurn(this.queries, this.shared.lanes.ensure(this.queries, agent, peer), turn);
  }

  prune({ now, ranMs }: { readonly now: number; readonly ranMs: number }): number {
    const ran = this.shared.runTime.ranMs - ranMs;
    return (
      this.queries.run('DELETE FROM nonce WHERE expires_at <= ? AND ran <= ?', now, ran) +
      this.queries.run('DELETE FROM turn WHERE second < ?', secondOf(now - countsKeptMs)) +
      this.queries.run('DELETE FROM conversation_turn WHERE second < ?', secondOf(now - countsKeptMs)) +
      this.queries.run('DELETE FROM contact_request WHERE at < ?', now - countsKeptMs) +
      this.queries.run('DELETE FROM invite WHERE expires_at <= ?', now - invitesKeptMs)
    );
  }
}

// Turns are counted by the second: a busy contact would fill a row for every lease otherwise.
const secondOf = (ms: number): number => Math.floor(ms / 1000);

const sorted = (contacts: Iterable<Contact>): readonly Contact[] =>
  [...contacts].sort((a, b) => (a.petname < b.petname ? -1 : a.petname > b.petname ? 1 : 0));

function inviteOf(row: Row): InviteRecord {
  return {
    id: text(row, 'id'),
    agent: text(row, 'agent'),
    secret: blob(row, 'secret'),
    tier: text(row, 'tier') as Tier,
    createdAt: int(row, 'created_at'),
    expiresAt: int(row, 'expires_at'),
    ...(row.used_at === null ? {} : { usedAt: int(row, 'used_at') }),
    ...(row.used_by === null ? {} : { usedBy: text(row, 'used_by') as AgentId }),
  };
}
