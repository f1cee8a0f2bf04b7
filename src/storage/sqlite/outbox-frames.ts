import type { MessageId } from '#protocol';
import type { NewOutboxFrame } from '#delivery';
import { endCodes, priorityCode } from './codes.ts';
import { finiteOrNull, text } from './columns.ts';
import type { Queries } from './database.ts';
import { countWaiting } from './outbox-waiting.ts';
import type { Scope } from './scope.ts';
import type { Shared } from './shared.ts';

/**
 * The frame will not be sent any more. How it travelled stays with its messages; those that nothing proves wait again, the others are
 * settled. Returns the ones that wait.
 */
export function unsealFrame(queries: Queries, shared: Shared, no: number): readonly MessageId[] {
  const rows = queries.all(
    `UPDATE outbox SET frame = NULL, sealed_at = coalesce(outbox.sealed_at, f.created_at),
     sent_at = coalesce(outbox.sent_at, f.sent_at), first_route = coalesce(outbox.first_route, f.first_route),
     resent_at = coalesce(f.resent_at, outbox.resent_at), route = coalesce(f.route, outbox.route),
     attempts = outbox.attempts + f.attempts,
     ended = CASE WHEN outbox.ended IS NULL AND coalesce(seen_at, answered_at) IS NOT NULL THEN ${endCodes.settled}
       ELSE outbox.ended END
     FROM frame f WHERE f.no = ?1 AND outbox.frame = ?1 RETURNING outbox.id, ended, outbox.lane, outbox.priority, size`,
    no,
  );
  queries.run('UPDATE receipt SET frame = NULL WHERE frame = ?', no);
  queries.run('DELETE FROM frame_bytes WHERE frame = ?', no);
  queries.run('DELETE FROM frame WHERE no = ?', no);
  const waiting = rows.filter((row) => row.ended === null);
  countWaiting(shared, waiting, 1);
  return waiting.map((row) => text(row, 'id') as MessageId);
}

/** Returns its number. */
export function insertFrameRow(
  scope: Scope,
  { frame, groupId, messageIds }: NewOutboxFrame,
  at: { lane: number; expiry: number },
): number {
  const no = scope.insert(
    `INSERT INTO frame (id, lane, group_id, kind, sender, recipient, created_at, expires_at, priority, messages,
     first_expiry)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    frame.id,
    at.lane,
    groupId,
    frame.kind,
    frame.from,
    frame.to,
    frame.createdAt,
    frame.expiresAt,
    priorityCode(frame.priority),
    messageIds.length,
    finiteOrNull(at.expiry),
  );
  scope.run('INSERT INTO frame_bytes (frame, bytes) VALUES (?, ?)', no, frame.bytes);
  return no;
}
