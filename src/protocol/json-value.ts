import { isMap } from './fields.ts';
import type { Json, JsonObject } from './message.ts';

const maxDepth = 24;

/**
 * A value that JSON can hold: no bytes, no undefined, finite numbers, well-formed texts, at most 24 levels (spec
 * §3.5).
 */
export function isJson(value: unknown, depth = 0): value is Json {
  switch (typeof value) {
    case 'string':
      return value.isWellFormed();
    case 'number':
      return Number.isFinite(value);
    case 'boolean':
      return true;
    case 'object':
      if (value === null) return true;
      return Array.isArray(value) ? isJsonList(value, depth) : isJsonObject(value, depth);
    default:
      return false;
  }
}

function isJsonList(value: readonly unknown[], depth: number): boolean {
  return depth < maxDepth && value.every((entry) => isJson(entry, depth + 1));
}

export function isJsonObject(value: unknown, depth = 0): value is JsonObject {
  if (depth >= maxDepth || !isMap(value) || !isPlain(value)) return false;
  return Object.entries(value).every(([key, entry]) => key.isWellFormed() && isJson(entry, depth + 1));
}

/** Not a Date, Map or the like, which would lose its meaning on the way. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
