import { createHash } from 'node:crypto';
import { encodeCbor, toHex } from '#kernel';
import type { AgentId } from '#identity';
import type { NewMail } from '#hub';
import type { LogRecord } from './subject-log.ts';
import { bytesIn, type Fields, fieldsOf, int, intIn, list, listIn, textIn } from './fields.ts';

/** One record holds several frames: a cursor is the sequence of the record and the place in it. */
export const framesOfRecord = 256;
const keyBytes = 16;

export const cursorOf = (seq: number, place: number): number => seq * framesOfRecord + place;
export const seqOf = (cursor: number): number => Math.floor(cursor / framesOfRecord);

/** What is known of a frame without its bytes. */
export interface MailItem {
  readonly key: string;
  readonly from: AgentId;
  readonly at: number;
  readonly expiresAt: number;
  readonly isGuest: boolean;
  readonly size: number;
}

/** The record that frames lie in: what is found under its sequence counts only when it is this one, and whole. */
export interface RecordMark {
  readonly id: string;
  readonly bytes: number;
}

/** A frame that waits, and where it lies. */
export interface WaitingMail extends MailItem {
  readonly cursor: number;
  readonly offset: number;
  readonly record: RecordMark;
}

export const itemOf = ({ from, id, at, expiresAt, isGuest, frame }: NewMail): MailItem => ({
  key: keyOf(from, id),
  from,
  at,
  expiresAt,
  isGuest,
  size: frame.length,
});

/** Who sent it is part of it: nobody can use up an id of somebody else's. */
function keyOf(from: AgentId, id: string): string {
  return toHex(new Uint8Array(createHash('sha256').update(`${from} ${id}`).digest().subarray(0, keyBytes)));
}

export function framesMeta(items: readonly MailItem[]): Fields {
  const rows = items.map(({ key, from, at, expiresAt, isGuest, size }) => [
    Buffer.from(key, 'hex'),
    from,
    at,
    expiresAt,
    Number(isGuest),
    size,
  ]);
  return { kind: 'frames', rows };
}

/** After it nothing is taken any more: the mailbox was joined to another. */
export const endMeta: Fields = { kind: 'end' };

export function waitingIn({ seq, id, meta }: Pick<LogRecord, 'seq' | 'id' | 'meta'>): WaitingMail[] {
  const rows = list(meta, 'rows').map((row) => listIn(row, 'rows'));
  const record = { id, bytes: rows.reduce((sum, row) => sum + intIn(row[5], 'size'), 0) };
  let offset = 0;
  return rows.map((row, place) => {
    const [key, from, at, expiresAt, isGuest, sizeField] = row;
    const size = intIn(sizeField, 'size');
    offset += size;
    return {
      cursor: cursorOf(seq, place),
      offset: offset - size,
      record,
      size,
      key: toHex(bytesIn(key, 'key')),
      from: textIn(from, 'from') as AgentId,
      at: intIn(at, 'at'),
      expiresAt: intIn(expiresAt, 'expiresAt'),
      isGuest: intIn(isGuest, 'isGuest') === 1,
    };
  });
}

/** Frames that are gone: all up to a cursor, and single ones behind it. */
export interface Gone {
  readonly upTo: number;
  readonly single: readonly number[];
}

export const encodeGone = ({ upTo, single }: Gone): Uint8Array => encodeCbor({ upTo, single });

/** Undefined for what was not written by a hub. */
export function goneIn(data: Uint8Array): Gone | undefined {
  try {
    const fields = fieldsOf(data);
    return {
      upTo: int(fields, 'upTo'),
      single: list(fields, 'single').map((cursor) => intIn(cursor, 'single')),
    };
  } catch {
    return undefined;
  }
}
