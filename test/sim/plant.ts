import type { Twist } from './machine.ts';

export interface Plant {
  /** Known to find it, with as many nodes and steps as without options. */
  readonly seed: number;
  readonly twist: Twist;
}
