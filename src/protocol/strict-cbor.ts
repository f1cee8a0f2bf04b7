import { decodeCbor, encodeCbor, equalBytes, MeshError } from '#kernel';

/*
 * Reads the one encoding that a value has (spec §2.1). The kernel's decoder, which knows all of CBOR, takes maps in
 * any order, floats that are whole numbers and bytes that are not UTF-8, and drops a byte order mark at the start of a
 * text; here the same meaning never has two spellings, and what was said is what is read. One pass, because this runs
 * for every message.
 */

/** Maps and lists inside one another. */
const maxDepth = 32;
/** Up to here a loop over the bytes is quicker than the decoder. */
const shortText = 64;
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * The value of exactly these bytes: what `encodeCbor` would not have made of it throws MALFORMED. Byte strings are
 * copies.
 */
export function decodeStrictCbor(bytes: Uint8Array): unknown {
  const reader = new StrictReader(bytes);
  const value = reader.item(0);
  if (!reader.atEnd) throw wrong('there are bytes behind its end');
  return value;
}

class StrictReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  get atEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  /** The item that begins here, inside `depth` maps and lists. */
  item(depth: number): unknown {
    const start = this.#at;
    const first = this.#byte();
    if (first >= 0xe0) return this.#simpleOrFloat(start, first);
    const argument = this.#argument(first & 31);
    switch (first >> 5) {
      case 0:
        return argument;
      case 1:
        return this.#negative(argument);
      case 2:
        return copyOf(this.#bytes.subarray(this.#take(argument), this.#at));
      case 3:
        return this.#text(argument);
      case 4:
        return this.#list(argument, depth + 1);
      case 5:
        return this.#map(argument, depth + 1);
      default:
        throw wrong('tags are not allowed');
    }
  }

  #byte(): number {
    const byte = this.#bytes[this.#at];
    if (byte === undefined) throw wrong('it is cut off');
    this.#at += 1;
    return byte;
  }

  /** Steps over `size` bytes and says where they begin. */
  #take(size: number): number {
    const start = this.#at;
    if (size > this.#bytes.length - start) throw wrong('it is cut off');
    this.#at = start + size;
    return start;
  }

  #argument(info: number): number {
    if (info < 24) return info;
    if (info > 27) throw wrong('lengths must be definite');
    const width = 1 << (info - 24);
    const start = this.#take(width);
    let argument = 0;
    for (let index = start; index < this.#at; index += 1) argument = argument * 256 + (this.#bytes[index] ?? 0);
    if (argument < leastOfWidth(width)) throw wrong('a number is longer than it need be');
    if (argument > Number.MAX_SAFE_INTEGER) throw wrong('a number is beyond 2^53 - 1');
    return argument;
  }

  #negative(argument: number): number {
    if (argument === Number.MAX_SAFE_INTEGER) throw wrong('a number is below -(2^53 - 1)');
    return -1 - argument;
  }

  #text(size: number): string {
    const start = this.#take(size);
    if (size <= shortText && this.#isAscii(start)) return this.#bytes.toString('latin1', start, this.#at);
    try {
      return utf8.decode(this.#bytes.subarray(start, this.#at));
    } catch {
      throw wrong('a text is not UTF-8');
    }
  }

  #isAscii(start: number): boolean {
    for (let index = start; index < this.#at; index += 1) if ((this.#bytes[index] ?? 0) > 0x7f) return false;
    return true;
  }

  #list(size: number, depth: number): unknown[] {
    if (depth > maxDepth) throw wrong(`it is deeper than ${maxDepth}`);
    const list: unknown[] = [];
    for (let index = 0; index < size; index += 1) list.push(this.item(depth));
    return list;
  }

  #map(size: number, depth: number): Record<string, unknown> {
    if (depth > maxDepth) throw wrong(`it is deeper than ${maxDepth}`);
    const map: Record<string, unknown> = {};
    let previous = -1;
    for (let index = 0; index < size; index += 1) {
      const start = this.#at;
      const key = this.item(depth);
      if (typeof key !== 'string') throw wrong('the keys of a map must be texts');
      if (previous >= 0 && !this.#isBefore(previous, start)) throw wrong('the keys of a map are not in order');
      previous = start;
      const value = this.item(depth);
      // Assigning to this key would set the prototype.
      if (key === '__proto__')
        Object.defineProperty(map, key, { value, enumerable: true, writable: true, configurable: true });
      else map[key] = value;
    }
    return map;
  }

  /**
   * Bytewise order of two encoded keys (RFC 8949 §4.2.1), the second of which was just read; equal ones are not in
   * order.
   */
  #isBefore(first: number, second: number): boolean {
    const size = this.#at - second;
    for (let offset = 0; offset < size; offset += 1) {
      const a = this.#bytes[first + offset] ?? 0;
      const b = this.#bytes[second + offset] ?? 0;
      if (a !== b) return a < b;
    }
    return false;
  }

  #simpleOrFloat(start: number, first: number): unknown {
    if (first === 0xf4 || first === 0xf5) return first === 0xf5;
    if (first === 0xf6) return null;
    if (first < 0xf9 || first > 0xfb) throw wrong('a simple value is not allowed');
    this.#take(1 << (first - 0xf8));
    const double = first === 0xfb ? this.#bytes.readDoubleBE(start + 1) : Number.NaN;
    if (needsDouble(double)) return double;
    // Rare: the kernel's codec knows the shortest form of a float, and that whole numbers are no floats.
    const float = this.#bytes.subarray(start, this.#at);
    const value = decodeCbor(float);
    if (!equalBytes(encodeCbor(value), float)) throw wrong('a number is longer than it need be');
    return value;
  }
}

/** A small copy shares its memory with others, because memory of its own costs more than it does. */
function copyOf(bytes: Buffer): Uint8Array {
  const copy = Buffer.allocUnsafe(bytes.length);
  bytes.copy(copy);
  return new Uint8Array(copy.buffer, copy.byteOffset, copy.length);
}

/** No shorter encoding holds the same number. */
const needsDouble = (value: number): boolean =>
  Number.isFinite(value) && !Number.isInteger(value) && Math.fround(value) !== value;

/** The least argument that needs so many bytes. */
function leastOfWidth(width: number): number {
  if (width === 1) return 24;
  if (width === 2) return 0x100;
  return width === 4 ? 0x1_0000 : 0x1_0000_0000;
}

const wrong = (why: string): MeshError => new MeshError('MALFORMED', `The bytes are not deterministic CBOR: ${why}`);
