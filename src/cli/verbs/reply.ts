import type { Call } from '../call.ts';
import { contentOf } from '../compose-input.ts';
import type { Outcome } from '../outcome.ts';
import { canReach } from '../can-reach.ts';
import { sentLines, sentNext } from '../views/sent-lines.ts';

/** Answers a message of the inbox, in its conversation. */
export async function reply(call: Call): Promise<Outcome> {
  const { args, client, settings, signal } = call;
  const sent = await client.reply(
    { agent: settings.agent, id: args.at(0, 'ID'), ...(await contentOf(call)) },
    { signal },
  );
  const reachable = await canReach(call, sent);
  return { data: sent, lines: (paint) => sentLines(sent, reachable, paint), next: sentNext(sent) };
}
