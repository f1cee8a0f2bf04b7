import { v7 } from 'uuid';
import type { Clock } from './clock.ts';
import type { Random } from './random.ts';

const idBytes = 16;

/** Makes ids that sort by time, also within one millisecond (RFC 9562 §6.2, method 1). */
export interface IdSource {
  next<P extends string>(prefix: P): `${P}_${string}`;
}

export function createIds(clock: Clock, random: Random): IdSource {
  let lastMs = 0;
  let sequence = 0;
  // One call for many ids: asking the system for 16 bytes costs as much as for 4096.
  let pool: Uint8Array = new Uint8Array();
  let used = 0;
  const take = (): Uint8Array => {
    if (used + idBytes > pool.length) {
      pool = random.bytes(idBytes * 64);
      used = 0;
    }
    used += idBytes;
    return pool.subarray(used - idBytes, used);
  };
  const bytes = Buffer.alloc(idBytes);
  const texts = new Map<string, IdText>();
  const textOf = (prefix: string): IdText => {
    const known = texts.get(prefix) ?? new IdText(prefix);
    texts.set(prefix, known);
    return known;
  };
  return {
    next<P extends string>(prefix: P) {
      const now = clock.now();
      if (now > lastMs) {
        lastMs = now;
        sequence = 0;
      } else {
        sequence += 1;
      }
      v7({ msecs: lastMs, seq: sequence, random: take() }, bytes);
      return textOf(prefix).of(bytes) as `${P}_${string}`;
    },
  };
}

const digits = Buffer.from('0123456789abcdef');
/** Where the two digits of each byte stand. */
const places = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34];
const uuidLength = 36;

/** Ids of one prefix as text, written into one place and read from it whole: put together from parts they would be twenty strings each. */
class IdText {
  readonly #text: Buffer;
  readonly #start: number;

  constructor(prefix: string) {
    const before = `${prefix}_`;
    this.#text = Buffer.from(before + '-'.repeat(uuidLength));
    this.#start = this.#text.length - uuidLength;
  }

  of(bytes: Uint8Array): string {
    for (let index = 0; index < places.length; index += 1) {
      const byte = bytes[index] ?? 0;
      const at = this.#start + (places[index] ?? 0);
      this.#text[at] = digits[byte >> 4] ?? 0;
      this.#text[at + 1] = digits[byte & 15] ?? 0;
    }
    return this.#text.toString('latin1');
  }
}

const uuidV7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** True for `prefix_<uuidv7>` and nothing else: no path, no NUL, no other case. */
export function isId<P extends string>(prefix: P, text: unknown): text is `${P}_${string}` {
  return typeof text === 'string' && text.startsWith(`${prefix}_`) && uuidV7.test(text.slice(prefix.length + 1));
}
