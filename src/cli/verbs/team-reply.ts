import { MeshError } from '#kernel';
import { checkSession, seenInReply } from '#team';
import type { Call } from '../call.ts';
import type { Outcome } from '../outcome.ts';
import { addresseeOf, openTeam, required, timeoutMsOf } from '../team/open-team.ts';
import { nameOf, nameView, replyOnly } from '../views/team-lines.ts';

/** The reply of a run that was begun before; waits for it while it goes on. Starts nothing. */
export async function teamReply(call: Call): Promise<Outcome> {
  const { args, screen, signal, ports } = call;
  const run = checkRun(required(args.text('run'), '--run'));
  const session = checkSession(args.text('session') ?? 'main');
  const timeoutMs = timeoutMsOf(call);
  const open = await openTeam(call);
  const teammate = addresseeOf(call, open);
  screen.progress(`Looking for the reply of ${nameOf(teammate)} …`);
  using line = await open.team.openGateway(teammate, signal);
  const reply = await line.find({ run, session, timeoutMs }, signal);
  const { text, guard } = reply;
  const seen = seenInReply(reply);
  if (seen !== undefined) screen.note(seen);
  return {
    data: { ...nameView(teammate), state: 'answered', session, run, reply: text, ...(guard && { guard }) },
    lines: () => replyOnly(text, ports.stdout.isTerminal),
  };
}

function checkRun(text: string): string {
  if (/^msg_[0-9a-f-]{36}$/.test(text)) return text;
  throw new MeshError('INVALID_ARGUMENT', `--run: ${JSON.stringify(text)} is not a run`, {
    hint: 'Copy the whole id that mesh team send named, which begins with msg_',
  });
}
