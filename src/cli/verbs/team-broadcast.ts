import { MeshError } from '#kernel';
import { broadcast, checkSession, type Delivery, type Question } from '#team';
import type { Call } from '../call.ts';
import type { Outcome } from '../outcome.ts';
import { type Intent, intentFor, intentView, textLines, textsFor, waysWords } from '../team/dry-run.ts';
import {
  deliveryOf,
  lookedThrough,
  messageOf,
  openTeamToSpeak,
  type SpeakingTeam,
  timeoutMsOf,
} from '../team/open-team.ts';
import { visible } from '../terminal-text.ts';
import { padEnd, widthOf } from '../text-width.ts';
import { deliveryLines, deliveryView, nameOf } from '../views/team-lines.ts';
import { count } from '../views/words.ts';

/** Asks the agents of all others at once, and waits for all; their replies come in the order of the registry. */
export async function teamBroadcast(call: Call): Promise<Outcome> {
  const { args, screen } = call;
  const session = checkSession(args.text('session') ?? 'main');
  const question = { session, timeoutMs: timeoutMsOf(call), text: await messageOf(call) };
  const open = await openTeamToSpeak(call);
  const { bytes, warnings } = lookedThrough(question.text, open);
  if (open.team.others.length === 0) {
    throw new MeshError('NOT_FOUND', `Nobody but you is in ${open.registry.path}`, {
      hint: 'Add your teammates there, or fetch the registry: mesh team sync',
    });
  }
  for (const warning of warnings) screen.note(warning);
  if (open.team.own === undefined) {
    screen.note(
      `${visible(open.self.prefix)} is not in the registry: if you are there under another name, your own agent is asked too.`,
    );
  }
  return args.flag('dryRun') ? preview(call, open, { question, bytes }) : await carryOut(call, open, question);
}

async function carryOut(call: Call, open: SpeakingTeam, question: Question): Promise<Outcome> {
  const { screen, settings } = call;
  const total = open.team.others.length;
  const done: Delivery[] = [];
  const show = (): void => screen.progress(`${done.length} of ${count(total, 'teammate')} …`);
  show();
  const options = { ...deliveryOf(call, open), question };
  for await (const delivery of broadcast(options)) {
    done.push(delivery);
    if (!settings.json) screen.lines(deliveryLines(delivery, screen.paint()));
    show();
  }
  const counts = countsOf(done);
  return {
    data: {
      from: open.self.email,
      message: question.text,
      session: question.session,
      deliveries: done.map(deliveryView),
      counts,
    },
    lines: () => ['', summaryOf(counts)],
    exitCode: exitCodeOf(counts),
  };
}

interface Counts {
  readonly total: number;
  readonly answered: number;
  readonly unreachable: number;
  readonly refused: number;
  readonly waiting: number;
  readonly failed: number;
}

function countsOf(done: readonly Delivery[]): Counts {
  const of = (state: Delivery['state']): number => done.filter((delivery) => delivery.state === state).length;
  return {
    total: done.length,
    answered: of('answered'),
    unreachable: of('unreachable'),
    refused: of('refused'),
    waiting: of('waiting'),
    failed: of('failed'),
  };
}

function summaryOf({ total, answered, unreachable, refused, waiting, failed }: Counts): string {
  const parts = [
    unreachable > 0 ? `${unreachable} not reachable` : '',
    refused > 0 ? `${refused} got nothing` : '',
    waiting > 0 ? `${waiting} not yet` : '',
    failed > 0 ? `${failed} failed` : '',
  ].filter((part) => part !== '');
  return [`${answered} of ${total} answered`, ...parts].join(', ').concat('.');
}

/** 0 when all answered, 1 when some did, 4 when nobody did. */
const exitCodeOf = ({ total, answered }: Counts): number => (answered === total ? 0 : answered > 0 ? 1 : 4);

interface Preview {
  readonly question: Question;
  readonly bytes: number;
}

function preview(call: Call, open: SpeakingTeam, { question, bytes }: Preview): Outcome {
  const intents = open.team.others.map((teammate) => intentFor(open, teammate, question.text));
  const texts = textsFor(call, open, { intents, question });
  const { session, timeoutMs } = question;
  const blocked = intents.filter(({ problem }) => problem !== undefined);
  return {
    data: {
      dryRun: true,
      from: open.self.email,
      to: intents.map(intentView),
      session,
      timeoutMs,
      bytes,
      message: question.text,
      texts,
    },
    lines: () => [
      `Nothing was sent. ${count(intents.length - blocked.length, 'teammate')} would get this, in the session ${session}:`,
      '',
      ...intentTable(intents),
      ...textLines(texts),
    ],
    next: blocked.map(({ teammate, problem }) => `${visible(teammate.name)}: ${visible(problem?.hint ?? '')}`),
  };
}

function intentTable(intents: readonly Intent[]): readonly string[] {
  const width = Math.max(...intents.map(({ teammate }) => widthOf(nameOf(teammate))));
  return intents.map((intent) => {
    const told = intent.told === undefined ? '' : `; if unreachable, ${visible(intent.told)} is told`;
    return `${padEnd(nameOf(intent.teammate), width)}  ${waysWords(intent)}${told}`;
  });
}
