import type { ErrorCode } from '#kernel';
import type { MessageId, Receipt } from '#protocol';
import { endCodes } from './codes.ts';
import { int, text } from './columns.ts';
import type { Queries, Row } from './database.ts';

/** Not ended, or only by our own clock: then the peer knows better. */
const movable = `(ended IS NULL OR (ended = ${endCodes.expired} AND reason IS NULL))`;
/** A peer can say something only about what was sent to it. */
const sealedOnce = '(frame IS NOT NULL OR sent_at IS NOT NULL OR attempts > 0)';

/** Returns the ids whose state moved on. What the receipt says is kept even when the state was ahead of it already. */
export function applyReceipt(queries: Queries, lane: number, receipt: Receipt): readonly MessageId[] {
  switch (receipt.kind) {
    case 'delivered':
      return delivered(queries, lane, receipt);
    case 'seen':
      return seen(queries, lane, receipt);
    case 'answered':
      return answered(queries, lane, receipt);
    case 'refused':
      return refused(queries, lane, receipt);
    case 'files':
      // Says nothing about the message, which the receiver had before.
      return [];
  }
}

/** One row changes, however many messages the frame holds. */
function delivered(queries: Queries, lane: number, receipt: Receipt & { kind: 'delivered' }): readonly MessageId[] {
  const frame = queries.get(
    'SELECT no FROM frame WHERE id = ? AND +lane = ? AND delivered_at IS NULL',
    receipt.frameId,
    lane,
  );
  if (frame === undefined) return [];
  const no = int(frame, 'no');
  queries.run('UPDATE frame SET delivered_at = ?, first_expiry = NULL WHERE no = ?', receipt.at, no);
  const sql = `SELECT id FROM outbox WHERE frame = ? AND seen_at IS NULL AND answered_at IS NULL AND ${movable}
    ORDER BY seq`;
  return queries.all(sql, no).map(idOf);
}

function seen(queries: Queries, lane: number, receipt: Receipt & { kind: 'seen' }): readonly MessageId[] {
  const rows = queries.all(
    `UPDATE outbox SET seen_at = ?1 WHERE id IN (SELECT value FROM json_each(?2)) AND +lane = ?3
     AND seen_at IS NULL AND ${movable} AND ${sealedOnce} RETURNING id, answered_at`,
    receipt.at,
    JSON.stringify(receipt.messageIds),
    lane,
  );
  return rows.filter((row) => row.answered_at === null).map(idOf);
}

function answered(queries: Queries, lane: number, receipt: Receipt & { kind: 'answered' }): readonly MessageId[] {
  const sql = `UPDATE outbox SET answered_at = ?, answer_id = ? WHERE id = ? AND +lane = ?
    AND answered_at IS NULL AND ${movable} AND ${sealedOnce} RETURNING id`;
  return queries.all(sql, receipt.at, receipt.answerId, receipt.messageId, lane).map(idOf);
}

/** A peer may refuse what it delivered and showed before (its program failed), but not what it answered. */
function refused(queries: Queries, lane: number, receipt: Receipt & { kind: 'refused' }): readonly MessageId[] {
  const before = queries.get('SELECT ended FROM outbox WHERE id = ? AND +lane = ?', receipt.messageId, lane);
  const end = endCodeOf(receipt.code);
  const changed = queries.run(
    `UPDATE outbox SET ended = ?, ended_at = ?, reason = ? WHERE id = ? AND +lane = ?
     AND answered_at IS NULL AND ${movable} AND ${sealedOnce}`,
    end,
    receipt.at,
    receipt.code,
    receipt.messageId,
    lane,
  );
  // That the peer finds it expired too makes it final, but is no other state.
  return changed === 0 || before?.ended === end ? [] : [receipt.messageId];
}

/** What is refused because its time is over is shown as expired (PROTOCOL §6). */
export const endCodeOf = (code: ErrorCode): number => (code === 'EXPIRED' ? endCodes.expired : endCodes.refused);

const idOf = (row: Row): MessageId => text(row, 'id') as MessageId;
