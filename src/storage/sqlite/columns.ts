import { MeshError } from '#kernel';
import type { Row } from './database.ts';

// Readers of columns: what is not of the declared type was written by something else.

export function text(row: Row, column: string): string {
  const value = row[column];
  if (typeof value === 'string') return value;
  throw wrong(column);
}

export function int(row: Row, column: string): number {
  const value = row[column];
  if (typeof value === 'number') return value;
  throw wrong(column);
}

/** A number with a fraction. */
export function real(row: Row, column: string): number {
  return int(row, column);
}

export function blob(row: Row, column: string): Uint8Array {
  const value = row[column];
  if (value instanceof Uint8Array) return value;
  throw wrong(column);
}

export const textOrNull = (row: Row, column: string): string | null =>
  row[column] === null ? null : text(row, column);
export const intOrNull = (row: Row, column: string): number | null => (row[column] === null ? null : int(row, column));

function wrong(column: string): MeshError {
  return new MeshError('STORE_CORRUPT', `The column ${column} does not hold what it should`);
}

/** Absent is NULL. */
export const orNull = <T>(value: T | undefined): T | null => value ?? null;

/** A time, or NULL for one that never comes. */
export const finiteOrNull = (time: number): number | null => (Number.isFinite(time) ? time : null);
