import type { AgentId } from '#identity';
import type { ConversationId } from '#protocol';
import type { ConversationTurns, FullConversation } from '#trust';
import { int, text } from './columns.ts';
import type { Queries } from './database.ts';
import type { Shared } from './shared.ts';

// By the second, as the turns of contacts.
const secondOf = (ms: number): number => Math.floor(ms / 1000);

export function turnFreeAt(queries: Queries, lane: number, asked: ConversationTurns): number | undefined {
  const { conversation, now, windowMs, most } = asked;
  const sql = `SELECT second, count FROM conversation_turn WHERE lane = ? AND conversation = ? AND second > ?
    ORDER BY second DESC`;
  let counted = 0;
  for (const row of queries.each(sql, lane, conversation, secondOf(now - windowMs))) {
    counted += int(row, 'count');
    // With this one it is full, until it is out of the window.
    if (counted >= most) return (int(row, 'second') + 1) * 1000 + windowMs;
  }
  return undefined;
}

export function fullConversations(
  queries: Queries,
  shared: Shared,
  asked: { readonly agent: string; readonly now: number; readonly windowMs: number; readonly most: number },
): readonly FullConversation[] {
  const { agent, now, windowMs, most } = asked;
  const sql = `SELECT lane, conversation FROM conversation_turn WHERE second > ? GROUP BY lane, conversation
    HAVING sum(count) >= ? LIMIT 100`;
  return queries.all(sql, secondOf(now - windowMs), most).flatMap((row) => {
    const lane = shared.lanes.at(int(row, 'lane'));
    return lane.agent === agent
      ? [{ peer: lane.peer satisfies AgentId, conversation: text(row, 'conversation') as ConversationId }]
      : [];
  });
}

export function countConversationTurn(
  queries: Queries,
  lane: number,
  turn: { readonly conversation: ConversationId; readonly at: number },
): void {
  queries.run(
    `INSERT INTO conversation_turn (lane, conversation, second, count) VALUES (?, ?, ?, 1)
     ON CONFLICT (lane, conversation, second) DO UPDATE SET count = count + 1`,
    lane,
    turn.conversation,
    secondOf(turn.at),
  );
}
