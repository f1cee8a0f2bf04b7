// @ts-check
import { fieldsOf } from './node-error.js';

/** @import { SessionRow } from '../types/host.ts' */

/**
 * What a session knows of a message: `key` names its last turn to the gateway; `text` is the reply, once that turn is over; `failed` when
 * it ended without one.
 *
 * @typedef {{ key: string, turns: number, text?: string, failed: boolean }} Trace
 */

/**
 * What became of a message, in the rows of its session.
 *
 * @param {readonly SessionRow[]} rows
 * @param {string} id Of the message.
 * @returns {Trace | undefined} Undefined when no turn of it reached the session.
 */
export function traceOf(rows, id) {
  const begun = rows.filter((row) => beginsTurnOf(row, id));
  const last = begun.at(-1);
  if (last === undefined) return undefined;
  const key = String(last['idempotencyKey']).slice(0, -userMark.length);
  const after = rows.slice(rows.indexOf(last) + 1);
  // A gateway that was restarted puts a text of its own between, and goes on with the turn; what anybody else says there has a key.
  const end = after.findIndex(({ role, idempotencyKey }) => role === 'user' && typeof idempotencyKey === 'string');
  const turn = end === -1 ? after : after.slice(0, end);
  const reply = turn.findLast(isReply);
  const failed = turn.some(({ stopReason }) => stopReason === 'error');
  return { key, turns: begun.length, failed, ...(reply === undefined ? {} : { text: textIn(reply) }) };
}

/**
 * The whole reply of a run that is over.
 *
 * @param {readonly SessionRow[]} rows
 * @param {string} runId
 */
export function replyOfRun(rows, runId) {
  const reply = rows.findLast((row) => isReply(row) && fieldsOf(row['__openclaw'])['runId'] === runId);
  return reply === undefined ? undefined : textIn(reply);
}

/**
 * What the turns of a message used, all attempts at it together.
 *
 * @param {readonly SessionRow[]} rows
 * @param {string} id Of the message.
 * @returns {{ tokens: number, costUsd: number }}
 */
export function usageOf(rows, id) {
  let isOfMessage = false;
  const used = { tokens: 0, costUsd: 0 };
  for (const row of rows) {
    if (row['role'] === 'user' && typeof row['idempotencyKey'] === 'string') isOfMessage = beginsTurnOf(row, id);
    if (!isOfMessage || row['role'] !== 'assistant') continue;
    const { totalTokens, cost } = fieldsOf(row['usage']);
    used.tokens += amountIn(totalTokens);
    used.costUsd += amountIn(fieldsOf(cost)['total']);
  }
  return used;
}

/** @param {unknown} value */
const amountIn = (value) => (typeof value === 'number' && value > 0 && Number.isFinite(value) ? value : 0);

/** The gateway remembers by it the message that began a turn. */
const userMark = ':user';

/** @param {SessionRow} row */
const beginsTurn = ({ role, idempotencyKey }) =>
  role === 'user' && typeof idempotencyKey === 'string' && /^msg_.*:user$/.test(idempotencyKey);

/**
 * Keys of a message are its id, and that with the number of the turn behind it.
 *
 * @param {SessionRow} row
 * @param {string} id
 */
const beginsTurnOf = (row, id) => beginsTurn(row) && /^[^#]*/.exec(keyOf(row))?.[0] === id;

/** @param {SessionRow} row */
const keyOf = ({ idempotencyKey }) => String(idempotencyKey).slice(0, -userMark.length);

/**
 * What a model says before it calls a tool is no reply yet.
 *
 * @param {SessionRow} row
 */
const isReply = (row) =>
  row['role'] === 'assistant' &&
  !['toolUse', 'error', 'aborted'].includes(String(row['stopReason'])) &&
  textIn(row) !== '';

/** @param {SessionRow} row */
function textIn({ content }) {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return '';
  return content
    .map(fieldsOf)
    .filter(({ type, text }) => type === 'text' && typeof text === 'string')
    .map(({ text }) => String(text))
    .join('');
}
