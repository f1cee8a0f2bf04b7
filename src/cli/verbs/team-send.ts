import { MeshError } from '#kernel';
import {
  checkSession,
  converse,
  deliver,
  type Delivery,
  type GatewayLine,
  type Line,
  maxRounds,
  type Question,
  type Reply,
  type Round,
  seenInReply,
  sizeOf,
  type Teammate,
  withFallback,
} from '#team';
import type { Call } from '../call.ts';
import type { Outcome } from '../outcome.ts';
import { indented, intentFor, intentLines, intentView, textLines, textsFor } from '../team/dry-run.ts';
import {
  addresseeOf,
  deliveryOf,
  lookedThrough,
  messageOf,
  openTeamToSpeak,
  type SpeakingTeam,
  timeoutMsOf,
} from '../team/open-team.ts';
import { visible } from '../terminal-text.ts';
import { elapsed } from '../times.ts';
import { deliveryView, nameOf, replyLines, replyOnly, toldLines } from '../views/team-lines.ts';

interface Sending {
  readonly call: Call;
  readonly open: SpeakingTeam;
  readonly teammate: Teammate;
  readonly question: Question;
  readonly rounds: number;
  readonly bytes: number;
  readonly warnings: readonly string[];
}

/** Asks the agent of a teammate and prints its reply; with rounds the own agent goes on. */
export async function teamSend(call: Call): Promise<Outcome> {
  const { args, screen } = call;
  const rounds = args.number('rounds', [1, maxRounds]) ?? 1;
  const session = checkSession(args.text('session') ?? 'main');
  const timeoutMs = timeoutMsOf(call);
  const text = await messageOf(call);
  const open = await openTeamToSpeak(call);
  const { bytes, warnings } = lookedThrough(text, open);
  const teammate = addresseeOf(call, open);
  for (const warning of warnings) screen.note(warning);
  const sending = { call, open, teammate, question: { text, session, timeoutMs }, rounds, bytes, warnings };
  return args.flag('dryRun') ? preview(sending) : await carryOut(sending);
}

async function carryOut(sending: Sending): Promise<Outcome> {
  const { call, open, teammate, question, rounds } = sending;
  const { screen, signal } = call;
  using own = rounds === 1 ? undefined : await ownAgent(open, signal);
  screen.progress(`Calling ${nameOf(teammate)} …`);
  const held: Round[] = [];
  const options = deliveryOf(call, open);
  const first = await deliver(options, teammate, (line) => talk(sending, { line, own, held }));
  const delivery = await withFallback(options, first, question.text);
  screen.progress('');
  return outcomeOf(sending, delivery, held);
}

interface Talk {
  readonly line: Line;
  readonly own: GatewayLine | undefined;
  /** Rounds that were held. */
  readonly held: Round[];
}

/** The reply of the last round. */
async function talk({ call, open, question, rounds }: Sending, { line, own, held }: Talk): Promise<Reply> {
  const { screen, settings, signal } = call;
  const waiting = `Waiting for the reply of ${nameOf(line.teammate)} …`;
  screen.progress(waiting);
  const check = (text: string): unknown => sizeOf(text, open.settings.limits);
  for await (const round of converse({ line, question, rounds, own, check }, signal)) {
    held.push(round);
    if (rounds > 1 && !settings.json) screen.lines(roundLines(round, line.teammate));
    screen.progress(waiting);
  }
  const last = held.at(-1);
  if (last === undefined) throw new Error('There was no round');
  return last.reply;
}

/** Found before anything is said, so that a conversation does not end half-way for want of it. */
async function ownAgent({ team }: SpeakingTeam, signal: AbortSignal): Promise<GatewayLine> {
  const { own } = team;
  if (own !== undefined) return await team.openGateway(own, signal);
  throw new MeshError('NOT_FOUND', '--rounds needs your own agent, and you are not in the registry', {
    hint: 'In further rounds your agent answers the reply. Add yourself and the token of your gateway, or send without --rounds.',
  });
}

function outcomeOf(sending: Sending, delivery: Delivery, held: readonly Round[]): Outcome {
  const { call, question, rounds, warnings } = sending;
  const { screen, ports } = call;
  const data = {
    ...deliveryView(delivery),
    session: question.session,
    rounds: held.map(roundView),
    ...(warnings.length === 0 ? {} : { warnings }),
  };
  if (delivery.state === 'answered') {
    const { reply, way } = delivery;
    const seen = seenInReply(reply);
    if (seen !== undefined) screen.note(seen);
    screen.note(`${nameOf(delivery.teammate)} answered in ${elapsed(reply.elapsedMs)}, over the ${way}.`);
    const lines = rounds > 1 ? endLines(held, rounds) : replyOnly(reply.text, ports.stdout.isTerminal);
    return { data, lines: () => lines };
  }
  const { problem, told } = delivery;
  // Without anybody who was told there is nothing but the error.
  if (told === undefined && held.length === 0) throw problem;
  return {
    data,
    lines: () => [visible(problem.message), ...toldLines(delivery)],
    next: [visible(problem.hint)],
    exitCode: problem.exitCode,
  };
}

const roundView = ({ round, message, reply }: Round) => ({
  round,
  message,
  reply: reply.text,
  run: reply.run,
  elapsedMs: Math.round(reply.elapsedMs),
  ...(reply.guard && { guard: reply.guard }),
});

function roundLines({ round, message, reply }: Round, teammate: Teammate): readonly string[] {
  const seen = seenInReply(reply);
  return [
    `Round ${round}, you:`,
    ...indented(message),
    `Round ${round}, ${nameOf(teammate)}:`,
    ...(seen === undefined ? [] : indented(seen)),
    ...replyLines(reply.text),
  ];
}

const endLines = (held: readonly Round[], rounds: number): readonly string[] =>
  held.length < rounds ? [`Your agent had nothing left to say after round ${held.length}.`] : [];

function preview({ call, open, teammate, question, rounds, bytes, warnings }: Sending): Outcome {
  const intent = intentFor(open, teammate, question.text);
  const { softBytes, hardBytes } = open.settings.limits;
  const texts = textsFor(call, open, { intents: [intent], question });
  const { session, timeoutMs } = question;
  const data = {
    dryRun: true,
    from: open.self.email,
    to: intentView(intent),
    session,
    rounds,
    timeoutMs,
    bytes,
    limits: { softBytes, hardBytes },
    message: question.text,
    texts,
    ...(warnings.length === 0 ? {} : { warnings }),
  };
  const more: readonly (readonly [string, string])[] = [
    ['from', visible(open.self.email)],
    ['session', session],
    ['rounds', String(rounds)],
    ['timeout', `${timeoutMs / 1000} s for each reply`],
    ['size', `${bytes} bytes of at most ${hardBytes}`],
  ];
  return {
    data,
    lines: (paint) => [
      'Nothing was sent. This is what would be:',
      '',
      ...intentLines(intent, more, paint),
      ...textLines(texts),
    ],
    next: intent.problem === undefined ? [] : [visible(intent.problem.hint)],
    ...(intent.problem === undefined ? {} : { exitCode: intent.problem.exitCode }),
  };
}
