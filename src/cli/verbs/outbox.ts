import type { Call } from '../call.ts';
import type { Outcome } from '../outcome.ts';
import { shortIds } from '../short-id.ts';
import { outboxStateNames } from '../table/verb-spec.ts';
import { outboxTable } from '../views/message-lines.ts';

/** What was sent and what became of it, oldest first. */
export async function outbox({ args, client, settings, signal }: Call): Promise<Outcome> {
  const query = {
    agent: settings.agent,
    peer: args.text('peer'),
    state: args.choice('state', outboxStateNames),
    limit: args.number('limit', [1, 10_000]),
  };
  const answer = await client.outbox(query, { signal });
  const messages = answer.messages.toReversed();
  const last = messages.at(-1);
  const short = shortIds(messages.map(({ id }) => id));
  return {
    data: { messages },
    lines: (paint) => (messages.length === 0 ? ['Nothing was sent.'] : outboxTable(messages, paint)),
    next: last === undefined ? [] : [`See each step of one: mesh track ${short(last.id)}`],
  };
}
