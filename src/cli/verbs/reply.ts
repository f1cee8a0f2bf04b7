import type { Call } from '../call.ts';
import { causeOf, contentOf } from '../compose-input.ts';
import { sendWithFiles } from '../hand-over-files.ts';
import type { Outcome } from '../outcome.ts';
import { canReach } from '../can-reach.ts';
import { sentLines, sentNext } from '../views/sent-lines.ts';

/** Answers a message of the inbox, in its conversation. */
export async function reply(call: Call): Promise<Outcome> {
  const { args, client, settings, signal } = call;
  const { said, large } = await contentOf(call);
  const { root } = causeOf(call);
  const input = { agent: settings.agent, id: args.at(0, 'ID'), ...said, root };
  const sent = await sendWithFiles(call, large, { send: (files) => client.reply({ ...input, files }, { signal }) });
  const reachable = await canReach(call, sent);
  return { data: sent, lines: (paint) => sentLines(sent, reachable, paint), next: sentNext(sent) };
}
