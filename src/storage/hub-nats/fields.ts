import { decodeCbor, MeshError } from '#kernel';
import type { AgentId } from '#identity';

/** A map that was read back. */
export type Fields = Readonly<Record<string, unknown>>;

// Readers of what is stored: what has not the form that is written here was written by something else.

export function fieldsOf(bytes: Uint8Array): Fields {
  const value = decodeCbor(bytes);
  if (isFields(value)) return value;
  throw wrong('a record');
}

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array);
}

export const text = (fields: Fields, name: string): string => textIn(fields[name], name);
export const int = (fields: Fields, name: string): number => intIn(fields[name], name);
export const bytes = (fields: Fields, name: string): Uint8Array => bytesIn(fields[name], name);
// Ids were checked before they were written.
export const idIn = (fields: Fields, name: string): AgentId => text(fields, name) as AgentId;

export const list = (fields: Fields, name: string): readonly unknown[] => listIn(fields[name], name);
export const texts = (fields: Fields, name: string): string[] => list(fields, name).map((item) => textIn(item, name));

export function textIn(value: unknown, name: string): string {
  if (typeof value === 'string') return value;
  throw wrong(name);
}

export function intIn(value: unknown, name: string): number {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return value;
  throw wrong(name);
}

export function bytesIn(value: unknown, name: string): Uint8Array {
  if (value instanceof Uint8Array) return value;
  throw wrong(name);
}

export function listIn(value: unknown, name: string): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw wrong(name);
}

function wrong(name: string): MeshError {
  return new MeshError('STORE_CORRUPT', `What JetStream holds as ${name} was not written by a hub`);
}
