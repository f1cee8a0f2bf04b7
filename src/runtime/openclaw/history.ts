import { type Fields, fieldsOf, listOf, textOf } from './gateway-frames.ts';

export interface Reply {
  /** The turn reached the session. */
  readonly found: boolean;
  /** The reply, once it stands there. */
  readonly text?: string;
}

/** What became of a turn, in the rows of a session: the first reply behind the message that began it. */
export function replyInHistory(rows: readonly Fields[], key: string): Reply {
  const at = rows.findIndex(({ role, idempotencyKey }) => role === 'user' && idempotencyKey === `${key}:user`);
  if (at === -1) return { found: false };
  for (const row of rows.slice(at + 1)) {
    // A gateway that was restarted puts a text of its own between, and goes on with the turn; the next message of a peer ends it.
    if (row['role'] === 'user' && textOf(row['idempotencyKey'])?.startsWith('msg_') === true) break;
    const text = row['role'] === 'assistant' ? rowText(row) : '';
    if (text !== '') return { found: true, text };
  }
  return { found: true };
}

function rowText({ content }: Fields): string {
  if (typeof content === 'string') return content;
  return listOf(content)
    .filter(({ type }) => type === 'text')
    .map((part) => textOf(fieldsOf(part)['text']) ?? '')
    .join('');
}
