import type { ErrorCode } from '#kernel';
import type { MessageId, Receipt } from '#protocol';
import { endCodes, witnessCode } from './codes.ts';
import { int, text } from './columns.ts';
import type { Queries, Row } from './database.ts';
import { countWaiting } from './outbox-waiting.ts';
import type { Shared } from './shared.ts';

/** By our own clock, or by that of the peer when its frame came again: a receipt knows better. */
const expiredUnproved = `ended = ${endCodes.expired} AND ended_by <> ${witnessCode('receipt')}`;
const movable = `(ended IS NULL OR (${expiredUnproved}))`;
/** A peer can say something only about what was sealed once. */
const sealedOnce = '(frame IS NOT NULL OR sealed_at IS NOT NULL OR restored_at IS NOT NULL)';
/** With a proof it has not expired; without a frame there is nothing left to do either. */
const proved = `ended = iif(frame IS NULL, ${endCodes.settled}, NULL), ended_at = NULL, ended_by = NULL, reason = NULL`;

interface Applied<K extends Receipt['kind'] = Receipt['kind']> {
  readonly lane: number;
  readonly receipt: Receipt & { readonly kind: K };
}

/** Returns the ids whose state moved on. What the receipt says is kept even when the state was ahead of it already. */
export function applyReceipt(queries: Queries, shared: Shared, { lane, receipt }: Applied): readonly MessageId[] {
  switch (receipt.kind) {
    case 'delivered':
      return delivered(queries, { lane, receipt });
    case 'seen':
      return seen(queries, shared, { lane, receipt });
    case 'answered':
      return answered(queries, shared, { lane, receipt });
    case 'refused':
      return refused(queries, shared, { lane, receipt });
    case 'files':
      // Says nothing about the message, which the receiver had before.
      return [];
  }
}

/** One row changes, however many messages the frame holds. */
function delivered(queries: Queries, { lane, receipt }: Applied<'delivered'>): readonly MessageId[] {
  const sql = 'SELECT no FROM frame WHERE id = ? AND +lane = ? AND delivered_at IS NULL';
  const frame = queries.get(sql, receipt.frameId, lane);
  if (frame === undefined) return [];
  const no = int(frame, 'no');
  queries.run('UPDATE frame SET delivered_at = ?, first_expiry = NULL WHERE no = ?', receipt.at, no);
  const rows = queries.all(
    `SELECT id, ended FROM outbox WHERE frame = ? AND seen_at IS NULL AND answered_at IS NULL AND ${movable} ORDER BY seq`,
    no,
  );
  if (rows.some((row) => row.ended !== null)) {
    queries.run(`UPDATE outbox SET ${proved} WHERE frame = ? AND ${expiredUnproved}`, no);
  }
  return rows.map(idOf);
}

/** In a frame and not ended: the usual case, in which nothing else changes. */
const inFrame = 'frame IS NOT NULL AND ended IS NULL';

function seen(queries: Queries, shared: Shared, { lane, receipt }: Applied<'seen'>): readonly MessageId[] {
  const ids = JSON.stringify(receipt.messageIds);
  const unseen = 'id IN (SELECT value FROM json_each(?1)) AND +lane = ?2 AND seen_at IS NULL';
  const sql = `UPDATE outbox SET seen_at = ?3 WHERE ${unseen} AND ${inFrame} RETURNING id, answered_at`;
  const rows = [...queries.all(sql, ids, lane, receipt.at)];
  if (rows.length < receipt.messageIds.length) {
    const others = `${unseen} AND ${movable} AND ${sealedOnce}`;
    stopWaiting(queries, shared, { where: others, values: [ids, lane] });
    const rest = `UPDATE outbox SET seen_at = ?3, ${proved} WHERE ${others} RETURNING id, answered_at`;
    rows.push(...queries.all(rest, ids, lane, receipt.at));
  }
  return rows.filter((row) => row.answered_at === null).map(idOf);
}

/** An answer proves everything before it, and counts for more than an earlier refusal: somebody took another look at the message. */
function answered(queries: Queries, shared: Shared, { lane, receipt }: Applied<'answered'>): readonly MessageId[] {
  const { messageId, answerId, at } = receipt;
  const unanswered = 'id = ?1 AND +lane = ?2 AND answered_at IS NULL';
  const set = 'UPDATE outbox SET answered_at = ?3, answer_id = ?4';
  const usual = queries.all(`${set} WHERE ${unanswered} AND ${inFrame} RETURNING id`, messageId, lane, at, answerId);
  if (usual.length > 0) return usual.map(idOf);
  const others = `${unanswered} AND ${sealedOnce} AND coalesce(ended, 0) <> ${endCodes.cancelled}`;
  stopWaiting(queries, shared, { where: others, values: [messageId, lane] });
  return queries.all(`${set}, ${proved} WHERE ${others} RETURNING id`, messageId, lane, at, answerId).map(idOf);
}

/** A peer may refuse what it delivered and showed before (its program failed), but not what it answered. */
function refused(queries: Queries, shared: Shared, { lane, receipt }: Applied<'refused'>): readonly MessageId[] {
  const { messageId, code, at } = receipt;
  const before = queries.get('SELECT ended FROM outbox WHERE id = ? AND +lane = ?', messageId, lane);
  const end = endCodeOf(code);
  const open = `id = ?1 AND +lane = ?2 AND answered_at IS NULL AND (${movable} OR ended = ${endCodes.settled}) AND ${sealedOnce}`;
  stopWaiting(queries, shared, { where: open, values: [messageId, lane] });
  const sql = `UPDATE outbox SET ended = ?3, ended_at = ?4, ended_by = ?5, reason = ?6 WHERE ${open}`;
  const changed = queries.run(sql, messageId, lane, end, at, witnessCode('receipt'), code);
  // That the peer finds it expired too makes it final, but is no other state.
  return changed === 0 || before?.ended === end ? [] : [messageId];
}

/** Of the rows that are about to change, those that wait to be sealed anew need not any more. */
function stopWaiting(
  queries: Queries,
  shared: Shared,
  rows: { readonly where: string; readonly values: readonly (string | number)[] },
): void {
  const waiting = `SELECT lane, priority, size FROM outbox WHERE ${rows.where} AND frame IS NULL AND ended IS NULL`;
  countWaiting(shared, queries.all(waiting, ...rows.values), -1);
}

/** What is refused because its time is over is shown as expired (PROTOCOL §6). */
export const endCodeOf = (code: ErrorCode): number => (code === 'EXPIRED' ? endCodes.expired : endCodes.refused);

const idOf = (row: Row): MessageId => text(row, 'id') as MessageId;
