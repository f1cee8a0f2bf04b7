import { MeshError } from '#kernel';

/** A whole number of milliseconds since 1970 that every JSON reader holds exactly. */
export function isTime(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 && !Object.is(value, -0);
}

export function isBytes(value: unknown, length: number): value is Uint8Array {
  return value instanceof Uint8Array && value.length === length;
}

/** A plain object with exactly these keys. Throws MALFORMED naming what is wrong, never the value. */
export function recordWith<K extends string>(
  value: unknown,
  keys: readonly K[],
  what: string,
): Readonly<Record<K, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new MeshError('MALFORMED', `${what} is not a map`);
  }
  const found = Object.keys(value);
  const missing = keys.filter((key) => !Object.hasOwn(value, key));
  if (missing.length > 0) throw new MeshError('MALFORMED', `${what} lacks ${missing.join(', ')}`);
  if (found.length !== keys.length) throw new MeshError('MALFORMED', `${what} has keys that are not known`);
  return value as Readonly<Record<K, unknown>>;
}
