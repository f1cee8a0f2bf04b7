import type { ErrorCode } from '#kernel';
import type { MessageId } from '#protocol';
import { endCodes, witnessCode } from './codes.ts';
import { orNull } from './columns.ts';
import type { Queries } from './database.ts';
import type { Lane } from './lanes.ts';
import { countWaiting } from './outbox-waiting.ts';
import type { Shared } from './shared.ts';

interface Held {
  readonly lanes: readonly Lane[];
  readonly id: MessageId;
}

const held = `id = ?1 AND +lane = ?2 AND +ended = ${endCodes.held}`;

/** A message that waits for the owner waits like others from now on. */
export function releaseHeld(queries: Queries, shared: Shared, { lanes, id }: Held): boolean {
  const rows = lanes.flatMap(({ no }) =>
    queries.all(`UPDATE outbox SET ended = NULL WHERE ${held} RETURNING lane, priority, size`, id, no),
  );
  countWaiting(shared, rows, 1);
  return rows.length > 0;
}

/** It ends without having left. */
export function denyHeld(
  queries: Queries,
  { lanes, id, at, code }: Held & { readonly at: number; readonly code?: ErrorCode },
): boolean {
  const end = `ended = ${endCodes.cancelled}, ended_by = ${witnessCode('this node')}, ended_at = ?3, reason = ?4`;
  const rows = lanes.flatMap(({ no }) =>
    queries.all(`UPDATE outbox SET ${end} WHERE ${held} RETURNING id`, id, no, at, orNull(code)),
  );
  return rows.length > 0;
}
