import type { Death } from '#delivery';
import type { MessageId } from '#protocol';
import { phases } from './codes.ts';
import { int } from './columns.ts';
import type { Queries } from './database.ts';
import { type Queue, queueOf, slotOf } from './inbox-queue.ts';
import type { Shared } from './shared.ts';

/** A held message is one that may be offered again, at a time that never comes: when its files are here. */
export const heldUntil = Number.MAX_SAFE_INTEGER;
/** The same for one that waits for the owner. */
export const reviewUntil = heldUntil - 1;

interface Held {
  readonly seq: number;
  readonly queue: Queue;
  readonly notBefore: number;
}

const rowOf = `SELECT s.seq, s.lane, s.phase, s.type, s.priority, s.not_before FROM inbox i
  JOIN inbox_state s ON s.seq = i.seq WHERE i.id = ? AND i.lane = ?`;

function find(queries: Queries, lane: number, id: MessageId): Held | undefined {
  const row = queries.get(rowOf, id, lane);
  if (row === undefined) return undefined;
  return { seq: int(row, 'seq'), queue: queueOf(row), notBefore: int(row, 'not_before') };
}

interface Move {
  readonly shared: Shared;
  readonly lane: number;
  readonly id: MessageId;
}

/** A message that nobody was offered yet. */
export function hold(queries: Queries, { shared, lane, id }: Move): void {
  const found = find(queries, lane, id);
  if (found?.queue.phase !== phases.fresh) return;
  move(queries, shared, { found, phase: phases.tried, notBefore: heldUntil });
}

export function unhold(queries: Queries, { shared, lane, id }: Move): boolean {
  const found = find(queries, lane, id);
  if (found?.notBefore !== heldUntil) return false;
  move(queries, shared, { found, phase: found.queue.phase - phases.tried + phases.fresh, notBefore: 0 });
  return true;
}

/** New, or held for its files, which it may have to wait for afterwards. */
export function holdForReview(queries: Queries, { shared, lane, id }: Move): void {
  const found = find(queries, lane, id);
  if (found === undefined) return;
  if (found.notBefore !== heldUntil && found.queue.phase !== phases.fresh) return;
  const phase = found.queue.phase === phases.fresh ? phases.tried : found.queue.phase;
  move(queries, shared, { found, phase, notBefore: reviewUntil });
}

/** False when it does not wait for the owner. `toFiles`: it goes on to wait for its files. */
export function endReview(queries: Queries, { shared, lane, id }: Move, toFiles: boolean): boolean {
  const found = find(queries, lane, id);
  if (found?.notBefore !== reviewUntil) return false;
  const { phase } = found.queue;
  if (toFiles) move(queries, shared, { found, phase, notBefore: heldUntil });
  else move(queries, shared, { found, phase: phase - phases.tried + phases.fresh, notBefore: 0 });
  return true;
}

export function buryHeld(queries: Queries, which: Move, { error, reason, at }: Death): boolean {
  const found = find(queries, which.lane, which.id);
  if (found?.notBefore !== heldUntil && found?.notBefore !== reviewUntil) return false;
  move(queries, which.shared, { found, phase: found.queue.phase - phases.tried + phases.dead, notBefore: 0 });
  queries.run('UPDATE inbox_state SET error = ?, reason = ?, dead_at = ? WHERE seq = ?', error, reason, at, found.seq);
  return true;
}

function move(queries: Queries, shared: Shared, to: { found: Held; phase: number; notBefore: number }): void {
  const { seq, queue } = to.found;
  queries.run('UPDATE inbox_state SET phase = ?, not_before = ? WHERE seq = ?', to.phase, to.notBefore, seq);
  shared.open.add(queue.lane, slotOf(queue), -1);
  shared.open.add(queue.lane, slotOf({ ...queue, phase: to.phase }), 1);
}
