import type { Limits, Random } from '#kernel';

export interface SessionEngineOptions {
  /** All keys, group ids and nonces come from here. */
  readonly random: Random;
  readonly limits: Limits;
}
