import { isErrorCode } from '#kernel';
import type { FileDirection, FileRow, FileState } from '#delivery';
import type { MessageId } from '#protocol';
import { blob, int, intOrNull, text, textOrNull } from './columns.ts';
import type { Row } from './database.ts';
import type { Lanes } from './lanes.ts';

// Numbers in the database: fixed for ever.
export const directionCodes: Readonly<Record<FileDirection, number>> = { in: 0, out: 1 };
export const fileStateCodes: Readonly<Record<FileState, number>> = { open: 0, done: 1, ended: 2 };

const states: readonly FileState[] = ['open', 'done', 'ended'];

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

export const fileColumns =
  'no, lane, direction, message, place, blob, size, have, state, reason, data, created_at, expires_at, ended_at';

export function fileRowOf(row: Row, lanes: Lanes): FileRow {
  const { agent, peer } = lanes.at(int(row, 'lane'));
  const file: Mutable<FileRow> = {
    no: int(row, 'no'),
    agent,
    peer,
    direction: int(row, 'direction') === directionCodes.in ? 'in' : 'out',
    message: text(row, 'message') as MessageId,
    place: int(row, 'place'),
    blob: blob(row, 'blob'),
    size: int(row, 'size'),
    have: int(row, 'have'),
    state: states[int(row, 'state')] ?? 'ended',
    createdAt: int(row, 'created_at'),
    expiresAt: int(row, 'expires_at'),
  };
  const data = textOrNull(row, 'data');
  const reason = textOrNull(row, 'reason');
  const endedAt = intOrNull(row, 'ended_at');
  if (data !== null) file.data = data;
  if (isErrorCode(reason)) file.reason = reason;
  if (endedAt !== null) file.endedAt = endedAt;
  return file;
}
