import type { MessageView } from './types.ts';
import { count } from './words.ts';

type Budget = NonNullable<MessageView['budget']>;

/** What may happen because of a message, on one line. */
export function budgetLine({ turns, hops, tokens, costUsd }: Budget, left?: Budget): string {
  if (turns === 0 || hops === 0) return 'no turn of a program: for a person';
  const most = [
    count(turns, 'turn'),
    tokens === undefined ? undefined : count(tokens, 'token'),
    costUsd === undefined ? undefined : `$${costUsd.toFixed(2)}`,
  ].filter((part) => part !== undefined);
  const rest = left === undefined ? '' : `; ${left.turns} left to give away here`;
  return `${most.join(', ')} over ${count(hops, 'hop')}${rest}`;
}
