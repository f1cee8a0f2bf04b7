import { phases } from './codes.ts';
import { int } from './columns.ts';
import type { Row } from './database.ts';
import type { Lane } from './lanes.ts';
import type { Shared } from './shared.ts';

/** Open inbox messages of one lane that differ only in age: one stretch of the index `inbox_open`. */
export interface Queue {
  readonly lane: number;
  readonly phase: number;
  readonly type: number;
  readonly priority: number;
}

/** The number under which `Shared.open` counts a queue of a lane; the same as in its SQL. */
export const slotOf = ({ phase, type, priority }: Omit<Queue, 'lane'>): number => phase * 16 + type * 3 + priority;

/** The queues of these lanes that are not empty, from memory: empty ones and those of others cost nothing. */
export function queuesOf(shared: Shared, lanes: readonly Lane[]): readonly Queue[] {
  const queues: Queue[] = [];
  for (const { no } of lanes) {
    for (const [slot] of shared.open.slots(no)) {
      const code = slot % 16;
      queues.push({ lane: no, phase: Math.floor(slot / 16), type: Math.floor(code / 3), priority: code % 3 });
    }
  }
  return queues;
}

const stateOf = (phase: number): number => (phase < phases.handled ? phase % phases.read : phases.handled);

/** Waits for a handler. */
export const isWaiting = ({ phase }: Queue): boolean => stateOf(phase) <= phases.tried;
/** Was tried before: offered alone, and not before its time. */
export const isTried = ({ phase }: Queue): boolean => stateOf(phase) === phases.tried;
export const isLeased = ({ phase }: Queue): boolean => stateOf(phase) === phases.leased;
export const isDead = ({ phase }: Queue): boolean => stateOf(phase) === phases.dead;
/** Neither read by a person nor handled by a program. */
export const isUnread = ({ phase }: Queue): boolean => phase < phases.read;

/** The end of a WHERE clause that finds the rows of a queue by the index; takes lane, phase, type and priority. */
export const inQueue = 'lane = ?1 AND phase = ?2 AND type = ?3 AND priority = ?4 AND phase < 8';
export const queueValues = (queue: Queue): [number, number, number, number] => [
  queue.lane,
  queue.phase,
  queue.type,
  queue.priority,
];

export const queueOf = (row: Row): Queue => ({
  lane: int(row, 'lane'),
  phase: int(row, 'phase'),
  type: int(row, 'type'),
  priority: int(row, 'priority'),
});
