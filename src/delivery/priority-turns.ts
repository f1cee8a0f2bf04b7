import type { Limits } from '#kernel';
import { priorities, type Priority } from '#protocol';

/** Decides which priority goes next, one message after another. */
export interface PriorityTurns {
  /** Of these priorities something waits; there is at least one. */
  next(waiting: ReadonlySet<Priority>): Priority;
  /** A message of this priority goes. */
  took(priority: Priority): void;
}

/** How many messages went since the last one that was normal, and since the last one that was low. */
export interface Overtaken {
  readonly normal: number;
  readonly low: number;
}

export const nothingOvertaken: Overtaken = { normal: 0, low: 0 };

/**
 * More urgent messages overtake, and never for good: after `overtakeNormal` high ones a normal one goes, after `overtakeLow` others a low
 * one (spec 11.6). Begins where earlier turns ended, and tells with `overtaken` where the next ones go on.
 */
export class FairTurns implements PriorityTurns {
  readonly #limits: Pick<Limits, 'overtakeNormal' | 'overtakeLow'>;
  #overtaken: Overtaken;

  constructor(overtaken: Overtaken, limits: Pick<Limits, 'overtakeNormal' | 'overtakeLow'>) {
    this.#overtaken = overtaken;
    this.#limits = limits;
  }

  get overtaken(): Overtaken {
    return this.#overtaken;
  }

  next(waiting: ReadonlySet<Priority>): Priority {
    const { normal, low } = this.#overtaken;
    if (waiting.has('low') && low >= this.#limits.overtakeLow) return 'low';
    if (waiting.has('normal') && normal >= this.#limits.overtakeNormal) return 'normal';
    return priorities.find((priority) => waiting.has(priority)) ?? 'normal';
  }

  took(priority: Priority): void {
    const { normal, low } = this.#overtaken;
    this.#overtaken = {
      normal: priority === 'high' ? normal + 1 : priority === 'normal' ? 0 : normal,
      low: priority === 'low' ? 0 : low + 1,
    };
  }
}
