import type { PriorityTurns } from '#delivery';
import { priorityCode, priorityName } from './codes.ts';
import { int } from './columns.ts';
import type { Queries } from './database.ts';
import { inQueue, isTried, type Queue, queueValues } from './inbox-queue.ts';

export interface Offered {
  readonly queue: Queue;
  readonly seq: number;
}

export interface Offer {
  /** Queues of waiting messages that may be leased. */
  readonly queues: readonly Queue[];
  readonly now: number;
  readonly limit: number;
  /** How many messages of a lane may be leased, for lanes with a bound; counted down. */
  readonly quota: Map<number, number>;
  readonly turns: PriorityTurns | undefined;
}

/**
 * What to lease next: as the turns say, or in order of priority; then arrival, over all queues. A message that was tried before may be the
 * one that breaks the handler, so it goes alone: the offer ends before it, or is it. Reads about as many rows as it
 * returns, however many wait.
 */
export function nextOffer(queries: Queries, { queues, now, limit, quota, turns }: Offer): readonly Offered[] {
  const heads = queues.map((queue) =>
    isTried(queue)
      ? triedHead(queries, queue, now)
      : freshHead(queries, queue, { limit, step: queues.length === 1 ? limit : firstStep }),
  );
  const live = heads.filter((head) => head.seq !== undefined);
  const offered: Offered[] = [];
  while (offered.length < limit) {
    const first = nextHead(live, quota, turns);
    if (first?.seq === undefined) break;
    const tried = isTried(first.queue);
    if (tried && offered.length > 0) break;
    offered.push({ queue: first.queue, seq: first.seq });
    turns?.took(priorityName(first.queue.priority));
    const left = quota.get(first.queue.lane);
    if (left !== undefined) quota.set(first.queue.lane, left - 1);
    if (tried) break;
    first.advance();
  }
  return offered;
}

interface Head {
  readonly queue: Queue;
  /** The next message of the queue; undefined at its end. */
  readonly seq: number | undefined;
  advance(): void;
}

function nextHead(
  heads: readonly Head[],
  quota: ReadonlyMap<number, number>,
  turns: PriorityTurns | undefined,
): Head | undefined {
  const [only] = heads;
  // Nothing to choose from, as for a program that keeps up.
  if (heads.length === 1 && only !== undefined) return (quota.get(only.queue.lane) ?? 1) > 0 ? only : undefined;
  const earliest = new Map<number, Head>();
  for (const head of heads) {
    if (head.seq === undefined || (quota.get(head.queue.lane) ?? 1) <= 0) continue;
    const { priority } = head.queue;
    const best = earliest.get(priority);
    if (best?.seq === undefined || head.seq < best.seq) earliest.set(priority, head);
  }
  const codes = [...earliest.keys()].toSorted((a, b) => a - b);
  const [most] = codes;
  if (most === undefined) return undefined;
  const next =
    turns === undefined || codes.length < 2 ? most : priorityCode(turns.next(new Set(codes.map(priorityName))));
  return earliest.get(next);
}

/** The message that has waited longest since its time came. */
function triedHead(queries: Queries, queue: Queue, now: number): Head {
  const sql = `SELECT seq FROM inbox_state WHERE ${inQueue} AND not_before <= ?5 ORDER BY not_before, seq LIMIT 1`;
  const row = queries.get(sql, ...queueValues(queue), now);
  return { queue, seq: row === undefined ? undefined : int(row, 'seq'), advance: () => {} };
}

/** Of one queue among several. */
const firstStep = 16;

/** Reads ahead in growing steps: one queue is read in one go, of a thousand queues each only a little. */
function freshHead(queries: Queries, queue: Queue, reading: { readonly limit: number; readonly step: number }): Head {
  const sql = `SELECT seq FROM inbox_state WHERE ${inQueue} AND not_before = 0 AND seq > ?5 ORDER BY seq LIMIT ?6`;
  const { limit } = reading;
  let { step } = reading;
  let position = 0;
  let rows = queries.all(sql, ...queueValues(queue), 0, step);
  const at = (index: number): number | undefined => {
    const row = rows[index];
    return row === undefined ? undefined : int(row, 'seq');
  };
  return {
    queue,
    get seq() {
      return at(position);
    },
    advance() {
      position += 1;
      if (position < rows.length || rows.length < step) return;
      const after = at(rows.length - 1) ?? 0;
      step = Math.min(step * 4, Math.max(limit, 1));
      rows = queries.all(sql, ...queueValues(queue), after, step);
      position = 0;
    },
  };
}
