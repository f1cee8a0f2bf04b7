import { type MeshError, toMeshError } from '#kernel';
import { type ImOptions, tellByIm, type Told } from './im-fallback.ts';
import { inOrder } from './in-order.ts';
import type { Line, Question, Reply, Way } from './line.ts';
import { isUnreachable, type Team } from './team.ts';
import type { Teammate } from './teammate.ts';

/** What became of a message to one teammate. */
export type Delivery =
  | {
      readonly state: 'answered';
      readonly teammate: Teammate;
      readonly way: Way;
      readonly address: string;
      readonly reply: Reply;
    }
  | Undelivered;

export interface Undelivered {
  /**
   * `unreachable`: nothing leads there now, nothing was sent; `refused`: something has to be put right first, nothing was sent; `waiting`:
   * it was sent, and no reply came in time; `failed`: it was sent, and its turn failed.
   */
  readonly state: 'unreachable' | 'refused' | 'waiting' | 'failed';
  readonly teammate: Teammate;
  readonly way: Way;
  readonly problem: MeshError;
  /** What the IM program did about somebody who is not reachable. */
  readonly told?: Told;
}

export interface DeliverOptions {
  readonly team: Team;
  readonly im?: ImOptions | undefined;
  readonly signal: AbortSignal;
}

/** Looks for a way, asks over it, and has somebody who cannot be reached told otherwise. Rejects only with the reason of the signal. */
export async function deliver(
  options: DeliverOptions,
  teammate: Teammate,
  work: (line: Line) => Promise<Reply>,
): Promise<Delivery> {
  const { team, signal } = options;
  const look = await team.look(teammate, signal);
  if (!('line' in look)) return { ...look, state: isUnreachable(look.problem) ? 'unreachable' : 'refused' };
  using line = look.line;
  const { way, address } = line;
  try {
    return { state: 'answered', teammate, way, address, reply: await work(line) };
  } catch (error) {
    signal.throwIfAborted();
    const problem = toMeshError(error);
    return { state: stateAfter(problem), teammate, way, problem };
  }
}

function stateAfter({ code, data }: MeshError): Undelivered['state'] {
  if (data['sent'] === false) return 'refused';
  return code === 'ANSWER_TIMEOUT' ? 'waiting' : 'failed';
}

/** Has the IM program tell somebody who could not be reached, when there is one. */
export async function withFallback(
  { team, im, signal }: DeliverOptions,
  delivery: Delivery,
  message: string,
): Promise<Delivery> {
  if (delivery.state !== 'unreachable' || im === undefined) return delivery;
  const { teammate, problem } = delivery;
  try {
    team.guard.assertMayLeave(message);
  } catch (error) {
    return { ...delivery, state: 'refused', problem: toMeshError(error) };
  }
  return { ...delivery, told: await tellByIm(im, { teammate, message, problem }, signal) };
}

export interface Broadcast extends DeliverOptions {
  readonly question: Question;
}

const atOnce = 8;

/** To everybody but who works here, several at once; what became of each, in the order of the registry. */
export function broadcast(options: Broadcast): AsyncGenerator<Delivery, void, undefined> {
  const { team, question, signal } = options;
  return inOrder(team.others, atOnce, async (teammate) => {
    const delivery = await deliver(options, teammate, (line) => line.ask(question, signal));
    return await withFallback(options, delivery, question.text);
  });
}
