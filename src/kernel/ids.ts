import { v7 } from 'uuid';
import type { Clock } from './clock.ts';
import type { Random } from './random.ts';

/** Makes ids that sort by time, also within one millisecond (RFC 9562 §6.2, method 1). */
export interface IdSource {
  next<P extends string>(prefix: P): `${P}_${string}`;
}

export function createIds(clock: Clock, random: Random): IdSource {
  let lastMs = 0;
  let sequence = 0;
  return {
    next(prefix) {
      const now = clock.now();
      if (now > lastMs) {
        lastMs = now;
        sequence = 0;
      } else {
        sequence += 1;
      }
      return `${prefix}_${v7({ msecs: lastMs, seq: sequence, random: random.bytes(16) })}`;
    },
  };
}

const uuidV7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** True for `prefix_<uuidv7>` and nothing else: no path, no NUL, no other case. */
export function isId<P extends string>(prefix: P, text: unknown): text is `${P}_${string}` {
  return typeof text === 'string' && text.startsWith(`${prefix}_`) && uuidV7.test(text.slice(prefix.length + 1));
}
