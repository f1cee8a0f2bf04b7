import type { CiphersuiteImpl } from 'ts-mls';
import type { Limits, Random } from '#kernel';

/** What every operation of one engine shares. */
export interface SessionContext {
  readonly suite: CiphersuiteImpl;
  readonly random: Random;
  readonly limits: Limits;
}
