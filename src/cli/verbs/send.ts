import type { Call } from '../call.ts';
import { addressingOf, contentOf } from '../compose-input.ts';
import type { Outcome } from '../outcome.ts';
import { typeNames } from '../table/verb-spec.ts';
import { canReach } from '../can-reach.ts';
import { sentLines, sentNext } from '../views/sent-lines.ts';

/** Hands a message to the node: from then on it is durable. */
export async function send(call: Call): Promise<Outcome> {
  const { args, client, signal } = call;
  const sent = await client.send(
    {
      ...addressingOf(call),
      ...(await contentOf(call)),
      type: args.choice('type', typeNames),
      ...(args.flag('dryRun') ? { dryRun: true } : {}),
    },
    { signal },
  );
  const reachable = await canReach(call, sent);
  return { data: sent, lines: (paint) => sentLines(sent, reachable, paint), next: sentNext(sent) };
}
