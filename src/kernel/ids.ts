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
  return {
    next(prefix) {
      const now = clock.now();
      if (now > lastMs) {
        lastMs = now;
        sequence = 0;
      } else {
        sequence += 1;
      }
      return `${prefix}_${v7({ msecs: lastMs, seq: sequence, random: take() })}`;
    },
  };
}

const uuidV7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** True for `prefix_<uuidv7>` and nothing else: no path, no NUL, no other case. */
export function isId<P extends string>(prefix: P, text: unknown): text is `${P}_${string}` {
  return typeof text === 'string' && text.startsWith(`${prefix}_`) && uuidV7.test(text.slice(prefix.length + 1));
}
