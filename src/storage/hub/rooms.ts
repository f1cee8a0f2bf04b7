import { equalBytes, MeshError } from '#kernel';
import type { AgentId } from '#identity';
import type { RoomEntry, RoomRoster } from '#protocol';
import type { HubRooms, NewEntry, RoomAppended } from '#hub';
import { blob, int, intOrNull, text } from '../sqlite/columns.ts';
import type { Queries, Row } from '../sqlite/database.ts';
import { type HubDatabase, idIn, presentId } from './hub-database.ts';

export class SqliteRooms implements HubRooms {
  readonly #database: HubDatabase;

  constructor(database: HubDatabase) {
    this.#database = database;
  }

  create(room: Parameters<HubRooms['create']>[0]): Promise<void> {
    return this.#database.commits.add((queries) => create(queries, room));
  }

  change({ room, by, roster }: Parameters<HubRooms['change']>[0]): Promise<void> {
    return this.#database.commits.add((queries) => {
      const { no, isOwner } = asMember(queries, room, by);
      if (!isOwner) throw new MeshError('NOT_PERMITTED', 'Only an owner of the room changes who is in it');
      setRoster(queries, no, roster);
    });
  }

  append(entry: NewEntry): Promise<RoomAppended> {
    return this.#database.commits.add((queries) => append(queries, entry));
  }

  async read(page: Parameters<HubRooms['read']>[0]): ReturnType<HubRooms['read']> {
    const { queries } = this.#database;
    const { no } = asMember(queries, page.room, page.by);
    const sql = `SELECT seq, epoch, sender, at, bytes FROM room_entry WHERE room = ? AND seq > ? ORDER BY seq LIMIT ?`;
    const entries: RoomEntry[] = [];
    let bytes = 0;
    let more = false;
    for (const row of queries.each(sql, no, page.after, page.limit + 1)) {
      const entry = entryOf(row);
      bytes += entry.bytes.length;
      more = entries.length === page.limit || (entries.length > 0 && bytes > page.maxBytes);
      if (more) break;
      entries.push(entry);
    }
    return { entries, more };
  }
}

function create(queries: Queries, { room, by, roster, at, bounds }: Parameters<HubRooms['create']>[0]): void {
  const found = queries.get('SELECT no, creator FROM room WHERE id = ?', room);
  if (found !== undefined) {
    if (text(found, 'creator') === by && isRoster(queries, int(found, 'no'), roster)) return;
    throw new MeshError('NAME_TAKEN', 'A room of that id exists at this hub');
  }
  const made = queries.get('SELECT count(*) AS count FROM room WHERE creator = ?', by);
  if (made !== undefined && int(made, 'count') >= bounds.maxRoomsPerAgent)
    throw new MeshError('HUB_FULL', `The agent has maxRoomsPerAgent ${bounds.maxRoomsPerAgent} rooms`);
  const no = queries.insert('INSERT INTO room (id, creator, created_at) VALUES (?, ?, ?)', room, by, at);
  setRoster(queries, no, roster);
}

function isRoster(queries: Queries, no: number, { members, owners }: RoomRoster): boolean {
  const rows = queries.all('SELECT agent, owner FROM room_member WHERE room = ?', no);
  const wanted = new Map(members.map((id) => [presentId(queries, id), Number(owners.includes(id))]));
  return rows.length === wanted.size && rows.every((row) => wanted.get(idIn(row, 'agent')) === int(row, 'owner'));
}

function setRoster(queries: Queries, no: number, { members, owners }: RoomRoster): void {
  queries.run('DELETE FROM room_member WHERE room = ?', no);
  const sql = 'INSERT OR REPLACE INTO room_member (room, agent, owner) VALUES (?, ?, ?)';
  for (const id of members) queries.run(sql, no, presentId(queries, id), Number(owners.includes(id)));
}

interface Membership {
  readonly no: number;
  readonly isOwner: boolean;
}

/** Throws NOT_FOUND, also when the room is there and the agent is not in it. */
function asMember(queries: Queries, room: Uint8Array, agentId: AgentId): Membership {
  const sql = `SELECT room.no, owner FROM room JOIN room_member ON room_member.room = room.no
    WHERE room.id = ? AND agent = ?`;
  const row = queries.get(sql, room, agentId);
  if (row === undefined) throw new MeshError('NOT_FOUND', 'There is no such room');
  return { no: int(row, 'no'), isOwner: int(row, 'owner') === 1 };
}

function append(queries: Queries, entry: NewEntry): RoomAppended {
  const { no } = asMember(queries, entry.room, entry.from);
  const room = queries.get('SELECT seq, epoch, bytes FROM room WHERE no = ?', no);
  if (room === undefined) throw new MeshError('NOT_FOUND');
  const last = intOrNull(room, 'epoch');
  if (last !== null && entry.epoch <= last) return taken(queries, no, entry);
  if (last !== null && entry.epoch > last + 1)
    throw new MeshError('WRONG_STATE', `The room is at epoch ${last}, and ${last + 1} comes next`);
  const { maxEntries, maxBytes } = entry.bounds;
  if (int(room, 'seq') >= maxEntries || int(room, 'bytes') + entry.bytes.length > maxBytes)
    throw new MeshError(
      'HUB_FULL',
      `The room has maxRoomEntries ${maxEntries} entries or maxRoomBytes ${maxBytes} bytes`,
    );
  const seq = int(room, 'seq') + 1;
  const insert = 'INSERT INTO room_entry (room, seq, epoch, sender, at, bytes) VALUES (?, ?, ?, ?, ?, ?)';
  queries.run(insert, no, seq, entry.epoch, entry.from, entry.at, entry.bytes);
  const update = 'UPDATE room SET seq = ?, epoch = ?, bytes = bytes + ? WHERE no = ?';
  queries.run(update, seq, entry.epoch, entry.bytes.length, no);
  return { kind: 'appended', seq };
}

/** The entry that was first; the same one again is told so, because its answer may have been lost. */
function taken(queries: Queries, no: number, { epoch, from, bytes }: NewEntry): RoomAppended {
  const row = queries.get('SELECT seq, sender, bytes FROM room_entry WHERE room = ? AND epoch = ?', no, epoch);
  if (row === undefined) throw new MeshError('WRONG_STATE', `The room began behind epoch ${epoch}`);
  const first = blob(row, 'bytes');
  const seq = int(row, 'seq');
  const isSame = text(row, 'sender') === from && equalBytes(first, bytes);
  return isSame ? { kind: 'appended', seq } : { kind: 'taken', seq, bytes: first };
}

const entryOf = (row: Row): RoomEntry => ({
  seq: int(row, 'seq'),
  epoch: int(row, 'epoch'),
  from: idIn(row, 'sender'),
  at: int(row, 'at'),
  bytes: blob(row, 'bytes'),
});
