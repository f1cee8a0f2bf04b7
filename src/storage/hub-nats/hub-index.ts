import { toHex } from '#kernel';
import type { AgentId } from '#identity';
import { agentRowIn, type IndexedAgent, type UsedInvite } from './agent-row.ts';
import {
  type BlobRow,
  blobRowIn,
  type EpochRow,
  epochRowIn,
  type InviteRow,
  inviteRowIn,
  type RoomRow,
  roomRowIn,
} from './rows.ts';
import type { RowIndex } from './directory.ts';
import { type Fields, idIn } from './fields.ts';
import { SortedNames } from './sorted-names.ts';

/** What the rows of the directory say together. */
export class HubIndex implements RowIndex {
  readonly names = new SortedNames();
  readonly invites = new Map<string, InviteRow>();
  readonly rooms = new Map<string, RoomRow>();
  readonly blobs = new Map<string, BlobRow>();
  /** In the order in which they began. */
  readonly epochs: EpochRow[] = [];
  /** Whose data it is. */
  hub: AgentId | undefined;
  readonly #agents = new Map<string, IndexedAgent>();
  readonly #byId = new Map<AgentId, string>();
  readonly #byFormer = new Map<AgentId, string>();
  readonly #absorbed = new Set<string>();
  /** Every row keeps the invites that it came in with. */
  readonly #used = new Map<string, UsedInvite>();

  set(key: string, row: Fields, seq: number): void {
    const [kind = '', name = ''] = key.split('.');
    if (kind === 'agent') this.#setAgent(name, { ...agentRowIn(row), key: name, rowSeq: seq });
    else if (kind === 'invite') this.invites.set(name, inviteRowIn(row));
    else if (kind === 'room') this.rooms.set(name, roomRowIn(row, seq));
    else if (kind === 'blob') this.blobs.set(name, blobRowIn(row, name));
    else if (kind === 'epoch') this.#setEpoch(epochRowIn(row, key, seq));
    else if (kind === 'hub') this.hub = idIn(row, 'id');
  }

  delete(key: string): void {
    const [kind = '', name = ''] = key.split('.');
    if (kind === 'agent') this.#dropAgent(name);
    else if (kind === 'invite') this.invites.delete(name);
    else if (kind === 'room') this.rooms.delete(name);
    else if (kind === 'blob') this.blobs.delete(name);
    else if (kind === 'epoch') this.#dropEpoch(key);
  }

  get memberCount(): number {
    return this.names.size;
  }

  /** Members and those who were evicted. */
  agents(): Iterable<IndexedAgent> {
    return this.#agents.values();
  }

  agent(key: string): IndexedAgent | undefined {
    return this.#agents.get(key);
  }

  /** By the id that it has now, also one that was evicted. */
  byId(id: AgentId): IndexedAgent | undefined {
    return this.#agents.get(this.#byId.get(id) ?? '');
  }

  /** By its present id or an earlier one. */
  member(id: AgentId): IndexedAgent | undefined {
    const found = this.byId(id);
    if (found?.isMember === true) return found;
    const later = this.#agents.get(this.#byFormer.get(id) ?? '');
    return later?.isMember === true ? later : undefined;
  }

  holderOf(name: string): IndexedAgent | undefined {
    return this.#agents.get(this.names.holderOf(name) ?? '');
  }

  /** The id that the agent has now; its own for one that never had another here. */
  presentId(id: AgentId): AgentId {
    if (this.#byId.has(id)) return id;
    return this.#agents.get(this.#byFormer.get(id) ?? '')?.id ?? id;
  }

  /** False for what was written of an agent before it was evicted. */
  holds(id: AgentId, seq: number): boolean {
    return (this.byId(this.presentId(id))?.evictedAt ?? 0) < seq;
  }

  usedInvite(hashHex: string): UsedInvite | undefined {
    return this.#used.get(hashHex);
  }

  #setAgent(key: string, agent: IndexedAgent): void {
    this.#dropAgent(key);
    for (const other of agent.absorbed) {
      this.#dropAgent(other);
      this.#absorbed.add(other);
    }
    if (this.#absorbed.has(key)) return;
    for (const invite of agent.invites) this.#used.set(toHex(invite.hash), invite);
    this.#agents.set(key, agent);
    this.#byId.set(agent.id, key);
    for (const id of agent.formers) this.#byFormer.set(id, key);
    if (agent.isMember) this.names.add(agent.name, key);
  }

  #dropAgent(key: string): void {
    const agent = this.#agents.get(key);
    if (agent === undefined) return;
    this.#agents.delete(key);
    if (this.#byId.get(agent.id) === key) this.#byId.delete(agent.id);
    for (const id of agent.formers) if (this.#byFormer.get(id) === key) this.#byFormer.delete(id);
    if (agent.isMember) this.names.remove(agent.name);
  }

  #setEpoch(epoch: EpochRow): void {
    this.#dropEpoch(epoch.key);
    this.epochs.push(epoch);
  }

  #dropEpoch(key: string): void {
    const index = this.epochs.findIndex((epoch) => epoch.key === key);
    if (index >= 0) this.epochs.splice(index, 1);
  }
}
