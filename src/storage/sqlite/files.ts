import type { ErrorCode } from '#kernel';
import type { AgentId } from '#identity';
import type { FileDirection, FileOwner, FileQuery, FileReader, FileRow, FileWriter, NewFile } from '#delivery';
import type { MessageId } from '#protocol';
import { blob, int, text } from './columns.ts';
import type { Queries } from './database.ts';
import { directionCodes, fileColumns, fileRowOf, fileStateCodes } from './file-row.ts';
import type { Shared } from './shared.ts';

/** Takes the numbers of lanes as a JSON list. */
const ofLanes = 'lane IN (SELECT value FROM json_each(?1))';
const select = `SELECT ${fileColumns} FROM file`;

/** Reads of files beside messages. `queries` is the connection, or the open transaction. */
export class Files implements FileReader {
  protected readonly queries: Queries;
  protected readonly shared: Shared;

  constructor(queries: Queries, shared: Shared) {
    this.queries = queries;
    this.shared = shared;
  }

  file(no: number): FileRow | undefined {
    const row = this.queries.get(`${select} WHERE no = ?`, no);
    return row === undefined ? undefined : fileRowOf(row, this.shared.lanes);
  }

  ofMessage(owner: FileOwner, message: MessageId): readonly FileRow[] {
    const lane = this.shared.lanes.find(owner.agent, owner.peer);
    if (lane === undefined) return [];
    const sql = `${select} WHERE message = ? AND lane = ? AND direction = ? ORDER BY place`;
    return this.#rows(sql, message, lane, directionCodes[owner.direction]);
  }

  open(owner: FileOwner): readonly FileRow[] {
    const lane = this.shared.lanes.find(owner.agent, owner.peer);
    if (lane === undefined) return [];
    return this.#rows(
      `${select} WHERE lane = ? AND direction = ? AND state = 0 ORDER BY no`,
      lane,
      directionCodes[owner.direction],
    );
  }

  offered(agent: string, peer: AgentId, address: Uint8Array): FileRow | undefined {
    const lane = this.shared.lanes.find(agent, peer);
    if (lane === undefined) return undefined;
    const sql = `${select} WHERE direction = ${directionCodes.out} AND lane = ? AND data IS NOT NULL AND blob = ? ORDER BY no LIMIT 1`;
    return this.#rows(sql, lane, address)[0];
  }

  list({ agent, peer, states, limit }: FileQuery): readonly FileRow[] {
    const lanes = this.shared.lanes.of(agent).filter((lane) => peer === undefined || lane.peer === peer);
    const codes = states?.map((state) => fileStateCodes[state]);
    return this.#rows(
      `${select} WHERE ${ofLanes} AND (?2 IS NULL OR state IN (SELECT value FROM json_each(?2)))
       ORDER BY no DESC LIMIT ?3`,
      JSON.stringify(lanes.map(({ no }) => no)),
      codes === undefined ? null : JSON.stringify(codes),
      limit,
    );
  }

  *chunkIds(no: number): Iterable<Uint8Array> {
    for (const row of this.queries.each('SELECT id FROM file_chunk WHERE file = ? ORDER BY no', no))
      yield blob(row, 'id');
  }

  usage(direction: FileDirection, of?: { readonly agent: string; readonly peer: AgentId }): number {
    const lane = of === undefined ? undefined : this.shared.lanes.find(of.agent, of.peer);
    if (of !== undefined && lane === undefined) return 0;
    const sql = `SELECT coalesce(sum(size), 0) AS bytes FROM file
      WHERE data IS NOT NULL AND direction = ?${lane === undefined ? '' : ' AND lane = ?'}`;
    const values = lane === undefined ? [directionCodes[direction]] : [directionCodes[direction], lane];
    const row = this.queries.get(sql, ...values);
    return row === undefined ? 0 : int(row, 'bytes');
  }

  dataNames(agent: string): ReadonlySet<string> {
    const rows = this.queries.all(
      `SELECT data FROM file WHERE data IS NOT NULL AND direction IN (0, 1) AND ${ofLanes}`,
      this.lanesOf(agent),
    );
    return new Set(rows.map((row) => text(row, 'data')));
  }

  protected lanesOf(agent: string): string {
    return JSON.stringify(this.shared.lanes.of(agent).map(({ no }) => no));
  }

  #rows(
    sql: string,
    ...values: Parameters<Queries['all']> extends [string, ...infer V] ? V : never
  ): readonly FileRow[] {
    return this.queries.all(sql, ...values).map((row) => fileRowOf(row, this.shared.lanes));
  }
}

export class WritableFiles extends Files implements FileWriter {
  insert(file: NewFile): void {
    const lane = this.shared.lanes.ensure(this.queries, file.agent, file.peer);
    this.queries.run(
      `INSERT INTO file (lane, direction, message, place, blob, size, data, created_at, expires_at)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      lane,
      directionCodes[file.direction],
      file.message,
      file.place,
      file.blob,
      file.size,
      file.data,
      file.createdAt,
      file.expiresAt,
    );
  }

  putChunks(no: number, from: number, ids: readonly Uint8Array[]): void {
    this.queries.run('DELETE FROM file_chunk WHERE file = ? AND no >= ?', no, from);
    for (const [index, id] of ids.entries())
      this.queries.run('INSERT INTO file_chunk (file, no, id) VALUES (?, ?, ?)', no, from + index, id);
    this.queries.run('UPDATE file SET have = ? WHERE no = ?', from + ids.length, no);
  }

  noteHave(no: number, have: number): void {
    this.queries.run('UPDATE file SET have = ? WHERE no = ? AND state = 0', have, no);
  }

  finish(no: number, at: number): void {
    this.queries.run('UPDATE file SET state = 1, ended_at = ? WHERE no = ? AND state = 0', at, no);
    this.queries.run('DELETE FROM file_chunk WHERE file = ?', no);
  }

  end(no: number, ended: { readonly reason: ErrorCode; readonly at: number }): void {
    this.queries.run(
      'UPDATE file SET state = 2, reason = ?, ended_at = ? WHERE no = ? AND state = 0',
      ended.reason,
      ended.at,
      no,
    );
    this.queries.run('DELETE FROM file_chunk WHERE file = ?', no);
  }

  dropData(no: number): string | undefined {
    const data = this.file(no)?.data;
    this.queries.run('UPDATE file SET data = NULL WHERE no = ?', no);
    return data;
  }

  deleteOf(owner: FileOwner, message: MessageId): readonly string[] {
    const files = this.ofMessage(owner, message);
    for (const { no } of files) this.queries.run('DELETE FROM file WHERE no = ?', no);
    return files.flatMap(({ data }) => data ?? []);
  }

  prune(agent: string, before: number): readonly string[] {
    const gone = `SELECT no FROM file WHERE ${ofLanes} AND created_at < ?2 AND CASE direction
      WHEN ${directionCodes.out} THEN NOT EXISTS (SELECT 1 FROM outbox WHERE outbox.id = file.message)
      ELSE NOT EXISTS (SELECT 1 FROM inbox WHERE inbox.id = file.message AND inbox.lane = file.lane) END`;
    const rows = this.queries.all(`DELETE FROM file WHERE no IN (${gone}) RETURNING data`, this.lanesOf(agent), before);
    return rows.flatMap((row) => (row.data === null ? [] : [text(row, 'data')]));
  }
}
