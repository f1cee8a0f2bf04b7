import type { LinkOperationOf } from './link-operation.ts';

/*
 * The operation `blob` as bytes (spec §6.5), by hand: it carries nearly all the bytes of a file, and the general codec would copy each of
 * them twice. A test holds both codecs to the same bytes.
 *
 *   a3                        map of 3, keys in order
 *   61 6e         n           "n", a whole number
 *   62 6f70       64 626c6f62 "op": "blob"
 *   65 6279746573 bytes       "bytes", a byte string
 */

const head = Uint8Array.of(0xa3, 0x61, 0x6e);
const middle = Uint8Array.of(0x62, 0x6f, 0x70, 0x64, 0x62, 0x6c, 0x6f, 0x62, 0x65, 0x62, 0x79, 0x74, 0x65, 0x73);
const maxHeadBytes = head.length + 9 + middle.length + 5;

/** Room for one piece: its bytes are put into `bytes`, and `seal` puts the operation around them without moving them. */
export class BlobPiece {
  readonly #buffer: Uint8Array;

  /** `most` is the largest number of bytes that it will hold. */
  constructor(most: number) {
    this.#buffer = new Uint8Array(maxHeadBytes + most);
  }

  /** Where the first `length` bytes of the piece lie. */
  bytes(length: number): Uint8Array {
    return this.#buffer.subarray(maxHeadBytes, maxHeadBytes + length);
  }

  /** The whole operation; shares its memory with `bytes`. */
  seal(n: number, length: number): Uint8Array {
    const parts = [head, headOf(0, n), middle, headOf(2, length)];
    const start = maxHeadBytes - parts.reduce((sum, part) => sum + part.length, 0);
    let at = start;
    for (const part of parts) {
      this.#buffer.set(part, at);
      at += part.length;
    }
    return this.#buffer.subarray(start, maxHeadBytes + length);
  }
}

/** The operation in these bytes, without copying them; undefined for anything but a `blob` of this exact form. */
export function readBlobPiece(bytes: Uint8Array): LinkOperationOf<'blob'> | undefined {
  if (!startsWith(bytes, 0, head)) return undefined;
  const n = argumentAt(bytes, head.length, 0);
  if (n === undefined || !startsWith(bytes, n.end, middle)) return undefined;
  const length = argumentAt(bytes, n.end + middle.length, 2);
  if (length === undefined || length.end + length.value !== bytes.length) return undefined;
  return { op: 'blob', n: n.value, bytes: bytes.subarray(length.end) };
}

function startsWith(bytes: Uint8Array, at: number, part: Uint8Array): boolean {
  for (let index = 0; index < part.length; index += 1) if (bytes[at + index] !== part[index]) return false;
  return true;
}

/** Major type and argument in the shortest form (RFC 8949 §3); numbers beyond 32 bits are for the general codec. */
function argumentAt(bytes: Uint8Array, at: number, major: number): { value: number; end: number } | undefined {
  const first = bytes[at];
  if (first === undefined || first >> 5 !== major) return undefined;
  const info = first & 31;
  if (info < 24) return { value: info, end: at + 1 };
  const width = info === 24 ? 1 : info === 25 ? 2 : info === 26 ? 4 : 0;
  if (width === 0 || at + 1 + width > bytes.length) return undefined;
  let value = 0;
  for (let index = 1; index <= width; index += 1) value = value * 256 + (bytes[at + index] ?? 0);
  const least = width === 1 ? 24 : width === 2 ? 0x100 : 0x1_0000;
  return value < least ? undefined : { value, end: at + 1 + width };
}

function headOf(major: number, value: number): Uint8Array {
  const type = major << 5;
  if (value < 24) return Uint8Array.of(type | value);
  if (value < 0x100) return Uint8Array.of(type | 24, value);
  if (value < 0x1_0000) return Uint8Array.of(type | 25, value >> 8, value & 0xff);
  const bytes = value < 0x1_0000_0000 ? new Uint8Array(5) : new Uint8Array(9);
  const view = new DataView(bytes.buffer);
  bytes[0] = type | (bytes.length === 5 ? 26 : 27);
  if (bytes.length === 5) view.setUint32(1, value);
  else view.setBigUint64(1, BigInt(value));
  return bytes;
}
