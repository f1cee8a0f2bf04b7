import { equalBytes, MeshError, toHex } from '#kernel';
import type { AgentId } from '#identity';
import type { RoomEntry, RoomRoster } from '#protocol';
import type { HubRooms, NewEntry, RoomAppended } from '#hub';
import { idIn, int } from './fields.ts';
import type { HubCore } from './hub-core.ts';
import { LogCache } from './log-cache.ts';
import { roomFields, type RoomRow } from './rows.ts';
import { type LogRecord, SubjectLog } from './subject-log.ts';

const maxLogs = 1000;

type Entry = Omit<RoomEntry, 'seq' | 'bytes'> & {
  readonly at: number;
  readonly size: number;
  readonly record: { readonly seq: number; readonly id: string };
};

/** The entries of a room; that numbered n is the n-th. */
class RoomLog {
  readonly log: SubjectLog;
  readonly entries: Entry[] = [];
  bytes = 0;

  constructor(core: HubCore, room: string) {
    const place = { stream: core.layout.rooms, subject: core.layout.roomSubject(room), headersOnly: true };
    this.log = new SubjectLog(core.client, { ...place, replicas: core.replicas }, (record) => this.#take(record));
  }

  #take({ seq, id, meta }: LogRecord): void {
    const size = int(meta, 'size');
    this.entries.push({
      epoch: int(meta, 'epoch'),
      from: idIn(meta, 'from'),
      at: int(meta, 'at'),
      size,
      record: { seq, id },
    });
    this.bytes += size;
  }
}

/** Rosters stand in the directory, entries in one log a room. Who is a member is looked up as JetStream knows it at that moment. */
export class NatsRooms implements HubRooms {
  readonly #core: HubCore;
  readonly #logs: LogCache<RoomLog>;

  constructor(core: HubCore) {
    this.#core = core;
    this.#logs = new LogCache(maxLogs, (room) => new RoomLog(core, room));
  }

  create({ room, by, roster, at, bounds }: Parameters<HubRooms['create']>[0]): Promise<void> {
    const { directory, index, run } = this.#core;
    const key = toHex(room);
    return run(async () => {
      await directory().commit(() => {
        const found = index().rooms.get(key);
        if (found !== undefined) {
          if (index().presentId(found.creator) === by && this.#isRoster(found, roster)) return undefined;
          throw new MeshError('NAME_TAKEN', 'A room of that id exists at this hub');
        }
        const made = [...index().rooms.values()].filter(({ creator }) => index().presentId(creator) === by);
        if (made.length >= bounds.maxRoomsPerAgent)
          throw new MeshError('HUB_FULL', `The agent has maxRoomsPerAgent ${bounds.maxRoomsPerAgent} rooms`);
        return { key: `room.${key}`, row: roomFields({ creator: by, createdAt: at, ...this.#present(roster) }) };
      });
    });
  }

  change({ room, by, roster }: Parameters<HubRooms['change']>[0]): Promise<void> {
    const { directory, run } = this.#core;
    return run(async () => {
      await directory().commit(() => {
        const { row, isOwner } = this.#asMember(room, by);
        if (!isOwner) throw new MeshError('NOT_PERMITTED', 'Only an owner of the room changes who is in it');
        return { key: `room.${toHex(room)}`, row: roomFields({ ...row, ...this.#present(roster) }) };
      });
    });
  }

  append(entry: NewEntry): Promise<RoomAppended> {
    return this.#core.run(async () => {
      await this.#core.directory().catchUp();
      this.#asMember(entry.room, entry.from);
      return await this.#logs.use(toHex(entry.room), (room) =>
        room.log.serial.run(async () => {
          await room.log.refresh();
          return await room.log.decide(() => this.#append(room, entry));
        }),
      );
    });
  }

  read(page: Parameters<HubRooms['read']>[0]): ReturnType<HubRooms['read']> {
    return this.#core.run(async () => {
      await this.#core.directory().catchUp();
      this.#asMember(page.room, page.by);
      return await this.#logs.use(toHex(page.room), async (room) => {
        await room.log.refresh();
        const wanted: { readonly seq: number; readonly entry: Entry }[] = [];
        let [bytes, more] = [0, false];
        for (const [index, entry] of room.entries.slice(page.after, page.after + page.limit + 1).entries()) {
          bytes += entry.size;
          more = wanted.length === page.limit || (wanted.length > 0 && bytes > page.maxBytes);
          if (more) break;
          wanted.push({ seq: page.after + index + 1, entry });
        }
        const entries = await Promise.all(
          wanted.map(async ({ seq, entry }) => {
            const { epoch, from, at } = entry;
            return { seq, epoch, from, at, bytes: await this.#bytesOf(entry) };
          }),
        );
        return { entries, more };
      });
    });
  }

  reset(): void {
    this.#logs.clear();
  }

  async #append(room: RoomLog, entry: NewEntry): Promise<{ done: RoomAppended } | undefined> {
    const { entries } = room;
    const last = entries.at(-1)?.epoch;
    if (last !== undefined && entry.epoch <= last) return { done: await this.#taken(room, entry) };
    if (last !== undefined && entry.epoch > last + 1)
      throw new MeshError('WRONG_STATE', `The room is at epoch ${last}, and ${last + 1} comes next`);
    const { maxEntries, maxBytes } = entry.bounds;
    const { epoch, from, at, bytes } = entry;
    if (entries.length >= maxEntries || room.bytes + bytes.length > maxBytes)
      throw new MeshError(
        'HUB_FULL',
        `The room has maxRoomEntries ${maxEntries} entries or maxRoomBytes ${maxBytes} bytes`,
      );
    const seq = entries.length + 1;
    const appended = await room.log.append({ epoch, from, at, size: bytes.length }, bytes);
    return appended === undefined ? undefined : { done: { kind: 'appended', seq } };
  }

  /** The entry that was first; the same one again is told so, because its answer may have been lost. */
  async #taken({ entries }: RoomLog, { epoch, from, bytes }: NewEntry): Promise<RoomAppended> {
    const index = epoch - (entries[0]?.epoch ?? 0);
    const found = entries[index];
    if (found === undefined) throw new MeshError('WRONG_STATE', `The room began behind epoch ${epoch}`);
    const first = await this.#bytesOf(found);
    const seq = index + 1;
    const isSame = found.from === from && equalBytes(first, bytes);
    return isSame ? { kind: 'appended', seq } : { kind: 'taken', seq, bytes: first };
  }

  async #bytesOf({ record, size }: Entry): Promise<Uint8Array> {
    const stored = await this.#core.client.at(
      this.#core.layout.rooms,
      record.seq,
      ({ id, data }) => id === record.id && data.length === size,
    );
    if (stored === undefined)
      throw new MeshError('STORE_CORRUPT', 'JetStream does not hold an entry of a room that it confirmed');
    // A view of what the connection received would keep more alive than the entry.
    return new Uint8Array(stored.data);
  }

  #present({ members, owners }: RoomRoster): { members: AgentId[]; owners: AgentId[] } {
    const present = (ids: readonly AgentId[]): AgentId[] => [
      ...new Set(ids.map((id) => this.#core.index().presentId(id))),
    ];
    return { members: present(members), owners: present(owners) };
  }

  /** Who is in it now; not those who were evicted since the roster was written. */
  #membersOf({ members, owners, rowSeq }: RoomRow): Map<AgentId, boolean> {
    const index = this.#core.index();
    const isOwner = new Set(owners.map((id) => index.presentId(id)));
    const here = members.map((id) => index.presentId(id)).filter((id) => index.holds(id, rowSeq));
    return new Map(here.map((id) => [id, isOwner.has(id)]));
  }

  #isRoster(row: RoomRow, roster: RoomRoster): boolean {
    const found = this.#membersOf(row);
    const { members, owners } = this.#present(roster);
    return found.size === members.length && members.every((id) => found.get(id) === owners.includes(id));
  }

  /** Throws NOT_FOUND, also when the room is there and the agent is not in it. */
  #asMember(room: Uint8Array, agentId: AgentId): { readonly row: RoomRow; readonly isOwner: boolean } {
    const row = this.#core.index().rooms.get(toHex(room));
    const isOwner = row === undefined ? undefined : this.#membersOf(row).get(agentId);
    if (row === undefined || isOwner === undefined) throw new MeshError('NOT_FOUND', 'There is no such room');
    return { row, isOwner };
  }
}
