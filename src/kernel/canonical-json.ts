import canonicalize from 'canonicalize';
import { toUtf8 } from './bytes.ts';
import { MeshError } from './errors.ts';

/** The canonical bytes of a JSON value (RFC 8785). Throws MALFORMED on NaN, lone surrogates and undefined. */
export function canonicalJson(value: unknown): Uint8Array {
  try {
    const text = canonicalize(value);
    if (text === undefined) throw new TypeError('not a JSON value');
    return toUtf8(text);
  } catch (cause) {
    throw new MeshError('MALFORMED', 'The value has no canonical JSON form', { cause });
  }
}
