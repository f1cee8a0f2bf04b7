import type { Call } from '../call.ts';
import { addressingOf, contentOf } from '../compose-input.ts';
import { sendWithFiles } from '../hand-over-files.ts';
import type { Outcome } from '../outcome.ts';
import { visible, visibleBlock } from '../terminal-text.ts';
import { elapsed } from '../times.ts';
import { bodyLines } from '../views/message-lines.ts';

const defaultTimeoutMs = 60_000;

/** Sends a request and prints its answer, and nothing else on stdout, so that it can be used in scripts. */
export async function ask(call: Call): Promise<Outcome> {
  const { args, client, screen, ports, signal } = call;
  const addressing = addressingOf(call);
  const { said, large } = await contentOf(call);
  const timeoutMs = args.durationMs('timeout') ?? defaultTimeoutMs;
  const input = { ...addressing, ...said };
  const result = await sendWithFiles(call, large, {
    check: (files) => client.send({ ...input, files, type: 'request', dryRun: true }, { signal }),
    send: (files) => {
      screen.progress(`Waiting for the answer of ${visible(addressing.to)} …`);
      return client.ask({ ...input, files, timeoutMs }, { signal });
    },
  });
  const { answer, elapsedMs } = result;
  const files = answer.attachments.length === 0 ? '' : ` It has attachments: mesh save ${answer.id} DIR`;
  screen.note(`${visible(answer.peer)} answered in ${elapsed(elapsedMs)}.${files}`);
  return { data: result, lines: () => answerLines(answer.body, ports.stdout.isTerminal) };
}

/** A person sees whose words these are by the indentation; a program gets the words alone. */
function answerLines(body: string, isTerminal: boolean): readonly string[] {
  return isTerminal ? bodyLines(body) : visibleBlock(body.replace(/\n+$/, '')).split('\n');
}
