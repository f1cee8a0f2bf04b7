import type { Call } from '../call.ts';
import { addressingOf, contentOf } from '../compose-input.ts';
import { type FileInputs, sendWithFiles } from '../hand-over-files.ts';
import type { Outcome } from '../outcome.ts';
import { typeNames } from '../table/verb-spec.ts';
import { canReach } from '../can-reach.ts';
import { sentLines, sentNext } from '../views/sent-lines.ts';

/** Hands a message to the node: from then on it is durable. */
export async function send(call: Call): Promise<Outcome> {
  const { args, client, signal } = call;
  const { said, large } = await contentOf(call);
  const input = { ...addressingOf(call), ...said, type: args.choice('type', typeNames) };
  const check = (files: FileInputs | undefined) => client.send({ ...input, files, dryRun: true }, { signal });
  const sent = args.flag('dryRun')
    ? await check(
        large.length === 0 ? undefined : large.map(({ name, mediaType, size }) => ({ name, mediaType, size })),
      )
    : await sendWithFiles(call, large, { check, send: (files) => client.send({ ...input, files }, { signal }) });
  const reachable = await canReach(call, sent);
  return { data: sent, lines: (paint) => sentLines(sent, reachable, paint), next: sentNext(sent) };
}
