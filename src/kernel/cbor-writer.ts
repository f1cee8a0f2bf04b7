/*
 * Writes the plain values of which nearly everything on the wire consists, at several times the speed of a codec that knows all of CBOR:
 * texts, whole numbers, bytes, lists and maps with text keys. What it does not know it leaves to that codec, which makes the same bytes.
 */

/** More than the largest frame takes; what is larger is rare, and left to the other codec. */
const roomBytes = 128 * 1024;
/** Up to here a loop over the characters is quicker than a call. */
const shortText = 40;
const maxBytesPerUnit = 3;
/** Nothing on the wire is deeper, and a value that holds itself has no end. */
const maxDepth = 40;
const headBytes = 9;
const twoTo32 = 0x1_0000_0000;

const text = 3;

/** Writes one value at a time; the room is used again by the next. */
export class CborWriter {
  readonly #room = Buffer.allocUnsafeSlow(roomBytes);
  #at = 0;
  #busy = false;

  /** The deterministic encoding (RFC 8949 §4.2.1), or undefined when there is something in it that is left to others. */
  encode(value: unknown): Uint8Array | undefined {
    // A property that is computed may encode something itself.
    if (this.#busy) return undefined;
    this.#busy = true;
    this.#at = 0;
    try {
      return this.#write(value, 0) ? this.#taken() : undefined;
    } finally {
      this.#busy = false;
    }
  }

  /** Small results share their memory with others, because memory of their own costs more than they do. */
  #taken(): Uint8Array {
    const bytes = Buffer.allocUnsafe(this.#at);
    this.#room.copy(bytes, 0, 0, this.#at);
    return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  #write(value: unknown, depth: number): boolean {
    switch (typeof value) {
      case 'string':
        return this.#text(value);
      case 'number':
        return this.#number(value);
      case 'boolean':
        return this.#byte(value ? 0xf5 : 0xf4);
      case 'object':
        if (value === null) return this.#byte(0xf6);
        if (value instanceof Uint8Array) return this.#bytes(value);
        return Array.isArray(value) ? this.#list(value, depth + 1) : this.#map(value, depth + 1);
      default:
        return false;
    }
  }

  #hasRoom(size: number): boolean {
    return this.#at + headBytes + size <= roomBytes;
  }

  #byte(byte: number): boolean {
    if (!this.#hasRoom(0)) return false;
    this.#room[this.#at] = byte;
    this.#at += 1;
    return true;
  }

  /** Type and argument of an item; there must be room. */
  #head(major: number, argument: number): void {
    const room = this.#room;
    const first = major << 5;
    if (argument < 24) {
      room[this.#at] = first | argument;
      this.#at += 1;
    } else if (argument < 0x100) {
      room[this.#at] = first | 24;
      room[this.#at + 1] = argument;
      this.#at += 2;
    } else if (argument < 0x1_0000) {
      room[this.#at] = first | 25;
      this.#at = room.writeUInt16BE(argument, this.#at + 1);
    } else if (argument < twoTo32) {
      room[this.#at] = first | 26;
      this.#at = room.writeUInt32BE(argument, this.#at + 1);
    } else {
      room[this.#at] = first | 27;
      const high = Math.floor(argument / twoTo32);
      this.#at = room.writeUInt32BE(high, this.#at + 1);
      this.#at = room.writeUInt32BE(argument - high * twoTo32, this.#at);
    }
  }

  #number(value: number): boolean {
    if (!this.#hasRoom(0)) return false;
    if (Number.isSafeInteger(value)) {
      if (value >= 0) this.#head(0, value);
      else this.#head(1, -1 - value);
      return true;
    }
    // Of other numbers only those that no shorter float holds.
    if (!Number.isFinite(value) || Number.isInteger(value) || Math.fround(value) === value) return false;
    this.#room[this.#at] = 0xfb;
    this.#at = this.#room.writeDoubleBE(value, this.#at + 1);
    return true;
  }

  #bytes(value: Uint8Array): boolean {
    if (!this.#hasRoom(value.length)) return false;
    this.#head(2, value.length);
    this.#room.set(value, this.#at);
    this.#at += value.length;
    return true;
  }

  #text(value: string): boolean {
    if (!this.#hasRoom(value.length * maxBytesPerUnit)) return false;
    if (value.length <= shortText && this.#shortAscii(value)) return true;
    if (!value.isWellFormed()) return false;
    this.#head(text, Buffer.byteLength(value));
    this.#at += this.#room.write(value, this.#at);
    return true;
  }

  /** False, with nothing written, when a character takes more than a byte. */
  #shortAscii(value: string): boolean {
    const start = this.#at;
    this.#head(text, value.length);
    for (let index = 0; index < value.length; index += 1) {
      const unit = value.charCodeAt(index);
      if (unit > 0x7f) {
        this.#at = start;
        return false;
      }
      this.#room[this.#at] = unit;
      this.#at += 1;
    }
    return true;
  }

  #list(list: readonly unknown[], depth: number): boolean {
    if (depth > maxDepth || !this.#hasRoom(0)) return false;
    this.#head(4, list.length);
    for (const item of list) if (!this.#write(item, depth)) return false;
    return true;
  }

  #map(map: object, depth: number): boolean {
    if (depth > maxDepth || !this.#hasRoom(0) || !isPlain(map)) return false;
    const keys = Object.keys(map);
    if (!sortKeys(keys)) return false;
    this.#head(5, keys.length);
    for (const key of keys) if (!this.#text(key) || !this.#write(map[key], depth)) return false;
    return true;
  }
}

function isPlain(value: object): value is Readonly<Record<string, unknown>> {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

const ascii = /^[\0-\x7f]*$/;

/**
 * A shorter key before a longer one, then bytewise: of ASCII that is the order of the encodings. By insertion, because
 * they are few and mostly in order. False when a key is not ASCII.
 */
function sortKeys(keys: string[]): boolean {
  for (let index = 0; index < keys.length; index += 1) {
    const key = keys[index] ?? '';
    if (!ascii.test(key)) return false;
    let place = index;
    for (; place > 0 && isBefore(key, keys[place - 1] ?? ''); place -= 1) keys[place] = keys[place - 1] ?? '';
    keys[place] = key;
  }
  return true;
}

const isBefore = (a: string, b: string): boolean => (a.length === b.length ? a < b : a.length < b.length);
