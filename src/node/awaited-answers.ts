import { type Clock, type ErrorCode, MeshError } from '#kernel';
import type { AgentId } from '#identity';
import type { Asked, PipelineEvent, StateEvent } from '#pipeline';
import type { Message, MessageId } from '#protocol';

/** Who was asked: a lane, because the id of its peer changes when that rotates its key. */
interface Respondent {
  readonly peer: AgentId;
}

interface Waiter {
  readonly agent: string;
  readonly of: Respondent;
  readonly request: MessageId;
  readonly answer: PromiseWithResolvers<Message>;
}

/** Who waits for the answer to which request (`mesh ask`, `Agent.ask`): the answer goes to them and starts no turn. */
export class AwaitedAnswers {
  /** By request: several may ask the same thing with one idempotency key. */
  readonly #waiting = new Map<MessageId, readonly Waiter[]>();
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  isAwaited(asked: Asked): boolean {
    return this.#waitersFor(asked).length > 0;
  }

  /** Starts to wait, before the request is sent. Throws ANSWER_TIMEOUT, the code of a refusal, EXPIRED; the signal's reason. */
  async wait(
    asked: Omit<Waiter, 'answer'>,
    options: { readonly timeoutMs: number; readonly signal: AbortSignal },
  ): Promise<Message> {
    const { request } = asked;
    const waiter: Waiter = { ...asked, answer: Promise.withResolvers() };
    const done = new AbortController();
    this.#waiting.set(request, [...this.#at(request), waiter]);
    const signal = AbortSignal.any([options.signal, done.signal]);
    const late = async (): Promise<never> => {
      await this.#clock.sleep(options.timeoutMs, { signal });
      const text = `No answer to ${request} within ${options.timeoutMs / 1000} s`;
      throw new MeshError('ANSWER_TIMEOUT', text, {
        data: { id: request },
        hint: `See what became of it: mesh track ${request}`,
      });
    };
    try {
      return await Promise.race([waiter.answer.promise, late()]);
    } finally {
      done.abort();
      const others = this.#at(request).filter((one) => one !== waiter);
      if (others.length === 0) this.#waiting.delete(request);
      else this.#waiting.set(request, others);
    }
  }

  /** Takes what the pipeline tells: answers that came, requests that ended without one. */
  notice(event: PipelineEvent): void {
    if (event.type === 'received') {
      for (const message of event.messages) this.#take(event, message);
    }
    if (event.type === 'held' || event.type === 'buried') this.#keptBack(event);
    const end = event.type === 'state' ? endOf(event) : undefined;
    if (event.type !== 'state' || end === undefined) return;
    for (const id of event.ids) {
      const error = new MeshError(end.code, `${id} ${end.what}: ${end.code}`, { data: { id } });
      for (const { answer } of this.#waitersFor({ ...event, request: id })) answer.reject(error);
    }
  }

  /** The answer is here, and the guard keeps it back. */
  #keptBack(event: Extract<PipelineEvent, { type: 'held' | 'buried' }>): void {
    const { agent, peer, request, ids } = event;
    if (request === undefined) return;
    const [id = request] = ids;
    const error =
      event.type === 'buried'
        ? new MeshError('GUARD_BLOCKED', `The guard of this node refused the answer ${id}`, { data: { id } })
        : new MeshError('REVIEW_PENDING', `The answer ${id} is here, and waits for the owner of this node`, {
            data: { id },
            hint: `Look at it and decide: mesh review show ${id}. Then it is in the inbox.`,
          });
    for (const { answer } of this.#waitersFor({ agent, peer, request })) answer.reject(error);
  }

  #take({ agent, peer }: Omit<Asked, 'request'>, message: Message): void {
    if (message.type !== 'response' || message.correlationId === undefined) return;
    for (const { answer } of this.#waitersFor({ agent, peer, request: message.correlationId })) answer.resolve(message);
  }

  /** An answer counts only when it comes from whom was asked. */
  #waitersFor({ agent, peer, request }: Asked): readonly Waiter[] {
    return this.#at(request).filter((waiter) => waiter.agent === agent && waiter.of.peer === peer);
  }

  #at(request: MessageId): readonly Waiter[] {
    return this.#waiting.get(request) ?? [];
  }
}

interface End {
  readonly code: ErrorCode;
  readonly what: string;
}

/** Why no answer will come; undefined for a step after which one still may. */
function endOf({ state, reason }: StateEvent): End | undefined {
  if (state === 'expired') return { code: 'EXPIRED', what: 'was not answered in time' };
  if (state === 'cancelled') return { code: 'CANCELLED', what: 'was taken back' };
  return state === 'refused' ? { code: reason ?? 'NOT_PERMITTED', what: 'was refused' } : undefined;
}
