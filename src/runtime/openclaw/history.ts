import type { Usage } from '../runtime.ts';
import { type Fields, fieldsOf, listOf, textOf } from './gateway-frames.ts';
import { usageInRows } from './usage.ts';

export interface Reply {
  /** A turn of the message reached the session. */
  readonly found: boolean;
  /** The reply, once it stands there. */
  readonly text?: string;
  /** The turn ended without one. */
  readonly failed?: true;
  readonly usage?: Usage | undefined;
}

/** What is no reply: what a model says before it calls a tool, and what it said until it failed. */
const unfinished: readonly unknown[] = ['toolUse', 'error', 'aborted'];

/** What became of a message, in the rows of a session: the reply behind the last turn that it began. */
export function replyInHistory(rows: readonly Fields[], messageId: string): Reply {
  return replyBehind(rows, { begins: beginsTurn, isOurs: (row) => rowKey(row).split('#')[0] === messageId });
}

/** How turns begin in a session. */
export interface TurnMarks {
  begins(row: Fields): boolean;
  isOurs(row: Fields): boolean;
}

/** The reply behind the last turn that is ours. */
export function replyBehind(rows: readonly Fields[], { begins, isOurs }: TurnMarks): Reply {
  const at = rows.findLastIndex((row) => begins(row) && isOurs(row));
  if (at === -1) return { found: false };
  const behind = rows.slice(at + 1);
  // A gateway that was restarted puts a text of its own between, and goes on with the turn; the next message of a peer ends it.
  const end = behind.findIndex((row) => begins(row));
  const turn = end === -1 ? behind : behind.slice(0, end);
  const reply = turn.find(
    (row) => row['role'] === 'assistant' && !unfinished.includes(row['stopReason']) && rowText(row) !== '',
  );
  if (reply !== undefined) return { found: true, text: rowText(reply), usage: usageInRows(turn) };
  return turn.some(({ stopReason }) => stopReason === 'error') ? { found: true, failed: true } : { found: true };
}

const beginsTurn = (row: Fields): boolean =>
  row['role'] === 'user' && textOf(row['idempotencyKey'])?.startsWith('msg_') === true;

/** Keys of a message are its id, and that with the number of the attempt behind it. */
export const rowKey = (row: Fields): string => (textOf(row['idempotencyKey']) ?? '').replace(/:user$/, '');

export function rowText({ content }: Fields): string {
  if (typeof content === 'string') return content;
  return listOf(content)
    .filter(({ type }) => type === 'text')
    .map((part) => textOf(fieldsOf(part)['text']) ?? '')
    .join('');
}
