import { createHash } from 'node:crypto';
import { MeshError } from '#kernel';
import type { AgentId } from '#identity';
import type { Appended, HubMailboxes, MailPage, NewMail, Place } from '#hub';
import { blob, int, text } from '../sqlite/columns.ts';
import type { Queries, Row } from '../sqlite/database.ts';
import { type HubDatabase, idIn, memberNo } from './hub-database.ts';
import { count, guests } from './shares.ts';

const keyBytes = 16;
/** So many at once, so that others get their turn. */
const sweepRows = 2000;

type MailItem = MailPage['items'][number];

export class SqliteMailboxes implements HubMailboxes {
  readonly #database: HubDatabase;
  /** Of this life of the database. */
  readonly #epoch: Uint8Array;

  constructor(database: HubDatabase, epoch: Uint8Array) {
    this.#database = database;
    this.#epoch = epoch;
  }

  append(mails: readonly NewMail[]): Promise<readonly Appended[]> {
    return this.#database.commits.add((queries) => {
      const full = new Set<AgentId>();
      return mails.map((mail) => {
        const appended = full.has(mail.to) ? ({ kind: 'full' } as const) : append(queries, mail);
        if (appended.kind === 'full') full.add(mail.to);
        return appended;
      });
    });
  }

  async read(owner: AgentId, page: Place & { frames: number; bytes: number }): Promise<MailPage> {
    const { queries } = this.#database;
    const agent = memberNo(queries, owner);
    if (agent === undefined) throw new MeshError('UNKNOWN_AGENT');
    const after = isKnown(queries, page) ? page.after : 0;
    const sql = 'SELECT seq, at, size, bytes FROM frame WHERE agent = ? AND seq > ? ORDER BY seq LIMIT ?';
    const items: MailItem[] = [];
    let bytes = 0;
    let more = false;
    for (const row of queries.each(sql, agent, after, page.frames + 1)) {
      bytes += int(row, 'size');
      more = items.length === page.frames || (items.length > 0 && bytes > page.bytes);
      if (more) break;
      items.push(itemOf(row));
    }
    return { epoch: this.#epoch, after, items, more };
  }

  ack(owner: AgentId, { epoch, upTo }: { epoch: Uint8Array; upTo: number }): Promise<number> {
    return this.#database.commits.add((queries) => {
      const agent = memberNo(queries, owner);
      if (agent === undefined || !isKnown(queries, { epoch, after: upTo })) return 0;
      return removeUpTo(queries, agent, upTo);
    });
  }

  sweep(now: number): Promise<number> {
    return this.#database.commits.add((queries) => removeExpired(queries, now));
  }
}

/** A new life of the database begins behind everything that was given out in the ones that it knows. */
export function beginEpoch(queries: Queries, id: Uint8Array): void {
  queries.run('INSERT INTO epoch (id, start) VALUES (?, ?)', id, lastCursor(queries) + 1);
}

function append(queries: Queries, mail: NewMail): Appended {
  const { to, from, id, frame, at, expiresAt, isGuest } = mail;
  const agent = memberNo(queries, to);
  const member = agent === undefined ? undefined : queries.get('SELECT id FROM agent WHERE no = ?', agent);
  if (agent === undefined || member === undefined) return { kind: 'unknown' };
  const owner = idIn(member, 'id');
  const key = keyOf(from, id);
  const before = queries.get('SELECT at FROM seen WHERE agent = ? AND key = ?', agent, key);
  if (before !== undefined) return { kind: 'stored', at: int(before, 'at'), owner, isNew: false };
  if (!hasRoom(queries, { agent, mail })) return { kind: 'full' };
  const insert = `INSERT INTO frame (agent, sender, guest, at, expires_at, size, bytes) VALUES (?, ?, ?, ?, ?, ?, ?)`;
  const seq = queries.insert(insert, agent, from, Number(isGuest), at, expiresAt, frame.length, frame);
  queries.run('INSERT INTO seen (seq, agent, key, at) VALUES (?, ?, ?, ?)', seq, agent, key, at);
  count(queries, agent, { sender: from, isGuest, frames: 1, bytes: frame.length });
  return { kind: 'stored', at, owner, isNew: true };
}

interface Wanted {
  readonly agent: number;
  readonly mail: NewMail;
}

function hasRoom(queries: Queries, { agent, mail }: Wanted): boolean {
  const { from, frame, isGuest, bounds } = mail;
  const fits = (held: Row | undefined, maxFrames: number, maxBytes: number): boolean =>
    held === undefined || (int(held, 'frames') < maxFrames && int(held, 'bytes') + frame.length <= maxBytes);
  const shareOf = (sender: string): Row | undefined =>
    queries.get('SELECT frames, bytes FROM share WHERE agent = ? AND sender = ?', agent, sender);
  return (
    fits(queries.get('SELECT frames, bytes FROM box WHERE agent = ?', agent), bounds.maxFrames, bounds.maxBytes) &&
    fits(shareOf(from), bounds.maxFramesPerSender, bounds.maxBytesPerSender) &&
    (!isGuest || fits(shareOf(guests), bounds.maxFramesOfGuests, bounds.maxBytesOfGuests))
  );
}

/** Who sent it is part of it: nobody can use up an id of somebody else's. */
const keyOf = (from: AgentId, id: string): Uint8Array =>
  createHash('sha256').update(`${from} ${id}`).digest().subarray(0, keyBytes);

const itemOf = (row: Row): MailItem => ({ cursor: int(row, 'seq'), at: int(row, 'at'), frame: blob(row, 'bytes') });

/** The highest that was ever given out. */
export function lastCursor(queries: Queries): number {
  const row = queries.get("SELECT seq FROM sqlite_sequence WHERE name = 'frame'");
  return row === undefined ? 0 : int(row, 'seq');
}

/** True for a place that this database gave out. */
function isKnown(queries: Queries, { epoch, after }: Place): boolean {
  if (epoch === undefined) return false;
  const sql = `SELECT (SELECT min(start) FROM epoch AS next WHERE next.no > epoch.no) AS next FROM epoch WHERE id = ?`;
  const row = queries.get(sql, epoch);
  if (row === undefined) return false;
  return after <= (row['next'] === null ? lastCursor(queries) : int(row, 'next') - 1);
}

function removeUpTo(queries: Queries, agent: number, upTo: number): number {
  const parts = queries.all(
    `SELECT sender, guest, count(*) AS frames, sum(size) AS bytes FROM frame WHERE agent = ? AND seq <= ?
     GROUP BY sender, guest`,
    agent,
    upTo,
  );
  for (const row of parts) {
    const [frames, bytes] = [-int(row, 'frames'), -int(row, 'bytes')];
    count(queries, agent, { sender: text(row, 'sender'), isGuest: int(row, 'guest') === 1, frames, bytes });
  }
  // It may come again: its receiver could not use it yet, and says so to its sender.
  queries.run('DELETE FROM seen WHERE seq IN (SELECT seq FROM frame WHERE agent = ? AND seq <= ?)', agent, upTo);
  return queries.run('DELETE FROM frame WHERE agent = ? AND seq <= ?', agent, upTo);
}

function removeExpired(queries: Queries, now: number): number {
  const sql = 'SELECT seq, agent, sender, guest, size FROM frame WHERE expires_at <= ? ORDER BY expires_at LIMIT ?';
  const rows = queries.all(sql, now, sweepRows);
  for (const row of rows) {
    const part = {
      sender: text(row, 'sender'),
      isGuest: int(row, 'guest') === 1,
      frames: -1,
      bytes: -int(row, 'size'),
    };
    count(queries, int(row, 'agent'), part);
    queries.run('DELETE FROM seen WHERE seq = ?', int(row, 'seq'));
    queries.run('DELETE FROM frame WHERE seq = ?', int(row, 'seq'));
  }
  return rows.length;
}
