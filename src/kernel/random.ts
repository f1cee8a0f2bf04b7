import { randomFillSync } from 'node:crypto';

/** Where randomness comes from; a simulator gives a seeded one. */
export interface Random {
  bytes(length: number): Uint8Array;
  /** Uniform in [0, 1): for jitter, never for keys. */
  fraction(): number;
}

export const systemRandom: Random = {
  bytes: (length) => randomFillSync(new Uint8Array(length)),
  fraction: () => Math.random(),
};
