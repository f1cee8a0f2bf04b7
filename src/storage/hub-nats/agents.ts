import { equalBytes, MeshError, toHex } from '#kernel';
import type { AgentId } from '#identity';
import type { AgentLife, DirectoryQuery, HubAgent, HubAgents, HubAgentView, Registration } from '#hub';
import {
  agentFields,
  agentOf,
  agentRowIn,
  cardIn,
  type FullAgentRow,
  type IndexedAgent,
  type UsedInvite,
} from './agent-row.ts';
import type { RowWrite } from './directory.ts';
import { fieldsOf } from './fields.ts';
import { findMember, type HubCore } from './hub-core.ts';
import { digestKey } from './layout.ts';
import { evicted, moved } from './agent-moves.ts';
import { bytesOfBlobs } from './blobs.ts';
import type { NatsKeyPackages } from './key-packages.ts';
import type { NatsMailboxes } from './mailboxes.ts';

interface Kept {
  readonly mailboxes: NatsMailboxes;
  readonly keyPackages: NatsKeyPackages;
}

export class NatsAgents implements HubAgents {
  readonly #core: HubCore;
  readonly #kept: Kept;

  constructor(core: HubCore, kept: Kept) {
    this.#core = core;
    this.#kept = kept;
  }

  find(agentId: AgentId): Promise<HubAgent | undefined> {
    return this.#core.run(async () => {
      const found = await findMember(this.#core, agentId);
      return found && agentOf(found);
    });
  }

  card(agentId: AgentId): Promise<Uint8Array | undefined> {
    return this.#core.run(async () => {
      const found = await findMember(this.#core, agentId);
      return found && (await this.#cardOf(found));
    });
  }

  register(registration: Registration): Promise<void> {
    return this.#core.run(async () => {
      await this.#core.directory().commit(() => this.#registered(registration));
    });
  }

  /** One row says all of it; what is left of a mailbox that was joined is emptied by whoever opens the mailbox next. */
  move(from: AgentId, to: AgentId): Promise<boolean> {
    const { directory, index, run, beginEpoch } = this.#core;
    return run(async () => {
      let [isMember, joined] = [false, false];
      let old: IndexedAgent | undefined;
      await directory().commit(async () => {
        old = index().byId(from);
        const other = index().byId(to);
        isMember = old?.isMember === true;
        joined = other !== undefined;
        if (old === undefined) return undefined;
        const full = await this.#full(old);
        const newKeys = this.#core.client.newId();
        return this.#write(old.key, moved(full, { to, other, newKeys, placesSince: directory().seq }));
      });
      if (old === undefined) return false;
      await this.#kept.keyPackages.dropBox(old.keys);
      if (joined) await beginEpoch();
      return isMember;
    });
  }

  keepLife(agentId: AgentId, life: AgentLife | undefined): Promise<Uint8Array | undefined> {
    const { directory, index, run } = this.#core;
    return run(async () => {
      // Nearly always it is the one that is known, and nothing is written.
      const known = index().byId(agentId)?.life;
      if (life !== undefined && known !== undefined && equalBytes(life.encoded, known.encoded)) return undefined;
      let later: Uint8Array | undefined;
      await directory().commit(async () => {
        later = undefined;
        const agent = index().byId(agentId);
        if (agent === undefined) return undefined;
        const order = compare(life, agent.life);
        if (order < 0) later = agent.life?.encoded;
        // The same life signed by a new key proves it from now on.
        if (order < 0 || life === undefined) return undefined;
        if (agent.life !== undefined && equalBytes(agent.life.encoded, life.encoded)) return undefined;
        return this.#write(agent.key, { ...(await this.#full(agent)), life });
      });
      return later;
    });
  }

  directory(query: DirectoryQuery): Promise<{ cards: readonly Uint8Array[]; next?: string }> {
    return this.#core.run(async () => {
      await this.#core.directory().catchUp();
      const found = this.#matching(query);
      const cards: Uint8Array[] = [];
      let bytes = 0;
      for (const card of await Promise.all(found.slice(0, query.limit).map((agent) => this.#cardOf(agent)))) {
        bytes += card.length;
        if (cards.length > 0 && bytes > query.maxBytes) break;
        cards.push(card);
      }
      const last = found[cards.length - 1];
      return cards.length < found.length && last !== undefined ? { cards, next: last.name } : { cards };
    });
  }

  list({ after = '', limit }: { after?: string | undefined; limit: number }): Promise<readonly HubAgentView[]> {
    return this.#core.run(async () => {
      await this.#core.directory().catchUp();
      const page = this.#matching({ after, limit: limit - 1, maxBytes: 0 });
      const blobs = bytesOfBlobs(this.#core.index());
      return await Promise.all(page.map((agent) => this.#viewOf(agent, blobs.get(agent.id) ?? 0)));
    });
  }

  /** The row first: from then on it is no member. What it had is removed after, and what a crash leaves of that by the next sweep. */
  evict(agentId: AgentId): Promise<boolean> {
    const { directory, index, run } = this.#core;
    return run(async () => {
      let gone: IndexedAgent | undefined;
      await directory().commit(async () => {
        gone = index().member(agentId);
        return gone && this.#write(gone.key, evicted(await this.#full(gone), directory().seq));
      });
      if (gone === undefined) return false;
      await this.#kept.keyPackages.dropBox(gone.keys);
      for (const box of [gone.box, ...gone.joins]) await this.#kept.mailboxes.dropBox(box);
      return true;
    });
  }

  async #registered(registration: Registration): Promise<RowWrite | undefined> {
    const { agentId, name, seq, card, capabilities, text } = registration;
    const found = this.#core.index().byId(agentId);
    this.#check(registration, found);
    const used = found?.isMember === true ? [] : this.#admit(registration, found !== undefined);
    const before = found === undefined ? this.#newRow(registration) : await this.#full(found);
    const isNew = found?.isMember !== true;
    // Most members come back with the card that is here.
    if (!isNew && before.name === name && before.seq === seq && isSameCard(before, registration)) return undefined;
    const row: FullAgentRow = {
      ...before,
      name,
      seq,
      card,
      text,
      capabilities: [...new Set(capabilities)],
      isMember: true,
      ...(isNew
        ? { registeredAt: registration.at, box: this.#core.client.newId(), keys: this.#core.client.newId() }
        : {}),
      invites: [...before.invites, ...used],
    };
    return this.#write(found?.key ?? digestKey(agentId), row);
  }

  #check({ agentId, name, seq }: Registration, found: IndexedAgent | undefined): void {
    const index = this.#core.index();
    if (index.presentId(agentId) !== agentId)
      throw new MeshError('NOT_ADMITTED', `The agent ${agentId} has another key now`);
    if (found?.isMember === true && seq < found.seq) throw new MeshError('CARD_ROLLBACK');
    const holder = index.holderOf(name);
    if (holder !== undefined && holder.id !== agentId)
      throw new MeshError('NAME_TAKEN', `The name ${name} belongs to another agent at this hub`);
  }

  /** An invite is used only by whoever needs it. */
  #admit(registration: Registration, wasEvicted: boolean): UsedInvite[] {
    const { isAdmitted, isReadmitted = false, invite, agentId, at, maxAgents } = registration;
    const index = this.#core.index();
    if (index.memberCount >= maxAgents) throw new MeshError('HUB_FULL', `The hub has maxAgents ${maxAgents} members`);
    if (isAdmitted && (isReadmitted || !wasEvicted)) return [];
    if (invite === undefined) throw new MeshError('NOT_ADMITTED');
    const hash = toHex(invite);
    const known = index.invites.get(hash);
    if (known === undefined) throw new MeshError('INVITE_INVALID', 'This hub did not make that invite');
    if (index.usedInvite(hash) !== undefined) throw new MeshError('INVITE_USED');
    if (known.expiresAt <= at) throw new MeshError('INVITE_EXPIRED');
    return [{ hash: invite, by: agentId, at }];
  }

  #newRow({ agentId, name, seq, card, text, at }: Registration): FullAgentRow {
    return {
      id: agentId,
      formers: [],
      name,
      isMember: true,
      seq,
      card,
      capabilities: [],
      text,
      registeredAt: at,
      life: undefined,
      box: '',
      joins: [],
      keys: '',
      absorbed: [],
      invites: [],
      placesSince: 0,
      evictedAt: 0,
    };
  }

  #matching({ search = '', capability = '', after = '', limit }: DirectoryQuery): IndexedAgent[] {
    const index = this.#core.index();
    const found: IndexedAgent[] = [];
    for (const { holder } of index.names.behind(after)) {
      if (found.length > limit) break;
      const agent = index.agent(holder);
      if (agent === undefined || !agent.text.includes(search)) continue;
      if (capability === '' || agent.capabilities.includes(capability)) found.push(agent);
    }
    return found;
  }

  async #viewOf(agent: IndexedAgent, blobBytes: number): Promise<HubAgentView> {
    const [mail, keyPackages] = await Promise.all([
      this.#kept.mailboxes.measure(agent),
      this.#kept.keyPackages.count(agent),
    ]);
    return { ...agentOf(agent), ...mail, keyPackages, blobBytes };
  }

  #write(key: string, row: FullAgentRow): RowWrite {
    return { key: `agent.${key}`, row: agentFields(row) };
  }

  async #full(agent: IndexedAgent): Promise<FullAgentRow> {
    const fields = await this.#core.directory().row(`agent.${agent.key}`);
    // Gone or newer: the write will find out, and everything is decided anew.
    if (fields === undefined) return { ...agent, card: new Uint8Array() };
    return { ...agentRowIn(fields), card: cardIn(fields) };
  }

  async #cardOf(agent: IndexedAgent): Promise<Uint8Array> {
    const { client, layout } = this.#core;
    const row = layout.rowSubject(`agent.${agent.key}`);
    const stored = await client.at(layout.directory, agent.rowSeq, ({ subject }) => subject === row);
    if (stored !== undefined) return cardIn(fieldsOf(stored.data));
    // A newer row took its place meanwhile.
    const fields = await this.#core.directory().row(`agent.${agent.key}`);
    return fields === undefined ? new Uint8Array() : cardIn(fields);
  }
}

const isSameCard = (row: FullAgentRow, { card, text, capabilities }: Registration): boolean =>
  equalBytes(row.card, card) &&
  row.text === text &&
  row.capabilities.length === new Set(capabilities).size &&
  capabilities.every((id) => row.capabilities.includes(id));

/** Above 0 when the first is later; every life is later than none (spec 1.11). */
function compare(first: AgentLife | undefined, second: AgentLife | undefined): number {
  if (first === undefined || second === undefined) return Number(first !== undefined) - Number(second !== undefined);
  return first.number - second.number || Buffer.compare(first.id, second.id);
}
