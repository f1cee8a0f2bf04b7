import { type DecodeOptions, decode, encode } from 'cborg';
import { equalBytes } from './bytes.ts';
import { CborWriter } from './cbor-writer.ts';
import { MeshError } from './errors.ts';

// RFC 8949 §4.2: definite lengths, no duplicate keys, shortest integers, no tags, no undefined, no floats that are not numbers.
const strict: DecodeOptions = {
  allowIndefinite: false,
  allowUndefined: false,
  allowInfinity: false,
  allowNaN: false,
  allowBigInt: false,
  strict: true,
  rejectDuplicateMapKeys: true,
};

// Scratch memory, not state: nothing of one value is seen by the next.
const writer = new CborWriter();

/** Deterministic CBOR: map keys sorted, definite lengths (RFC 8949 §4.2.1). */
export function encodeCbor(value: unknown): Uint8Array {
  return writer.encode(value) ?? encode(value);
}

/** Strict decoding: throws MALFORMED on anything but one well-formed deterministic item. */
export function decodeCbor(bytes: Uint8Array): unknown {
  let value: unknown;
  try {
    value = decode(bytes, strict);
  } catch (cause) {
    throw new MeshError('MALFORMED', 'The bytes are not strict CBOR', { cause });
  }
  // One value has one encoding: the decoder is lenient about the order of keys and the form of numbers.
  if (!equalBytes(encode(value), bytes)) throw new MeshError('MALFORMED', 'The bytes are not deterministic CBOR');
  return value;
}
