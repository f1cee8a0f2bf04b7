import { isDone, nextQuestion } from './framing.ts';
import type { GatewayLine } from './gateway-line.ts';
import type { Line, Question, Reply } from './line.ts';

/** One message to the agent of a teammate and its whole reply. */
export interface Round {
  readonly round: number;
  readonly message: string;
  readonly reply: Reply;
}

export interface Conversation {
  readonly line: Line;
  readonly question: Question;
  readonly rounds: number;
  /** The own agent, which says what comes next; only one round needs none. */
  readonly own?: GatewayLine | undefined;
  /** Throws MESSAGE_TOO_LARGE for what may not be sent. */
  check(message: string): unknown;
}

export const maxRounds = 10;

/**
 * Says the first message, and in each further round what the own agent says to the reply; the teammate's agent never gets its own words
 * back. Ends after so many rounds, or when the own agent has nothing left to say.
 */
export async function* converse(
  { line, question, rounds, own, check }: Conversation,
  signal: AbortSignal,
): AsyncGenerator<Round, void, undefined> {
  let message = question.text;
  let after: Reply | undefined;
  for (let round = 1; round <= rounds; round += 1) {
    const reply = await line.ask({ ...question, text: message, after }, signal);
    yield { round, message, reply };
    if (round === rounds || own === undefined) return;
    const said = { with: line.teammate, said: message, reply, left: rounds - round };
    const text = nextQuestion(said);
    const next = await own.think({ text, session: ownSession(line), timeoutMs: question.timeoutMs }, signal);
    if (isDone(next.text)) return;
    check(next.text);
    message = next.text;
    after = reply;
  }
}

/** The own agent talks with each teammate in a session apart. */
const ownSession = ({ teammate }: Line): string =>
  `team-${teammate.emailPrefix.toLowerCase().replaceAll(/[^a-z0-9._-]/g, '-')}`;
