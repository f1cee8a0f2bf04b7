import { type Clock, MeshError } from '#kernel';
import type { PipelineEvent } from '#pipeline';
import type { Message, MessageId } from '#protocol';

interface Waiter {
  readonly answer: PromiseWithResolvers<Message>;
}

/** Who waits for the answer to which request (`mesh ask`, `Agent.ask`): the answer goes to them and starts no turn. */
export class AwaitedAnswers {
  readonly #waiting = new Map<string, Waiter>();
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  isAwaited(agent: string, request: MessageId): boolean {
    return this.#waiting.has(key(agent, request));
  }

  /** Starts to wait, before the request is sent. Throws ANSWER_TIMEOUT, the code of a refusal, EXPIRED; the signal's reason. */
  async wait(
    request: { readonly agent: string; readonly id: MessageId },
    options: { readonly timeoutMs: number; readonly signal: AbortSignal },
  ): Promise<Message> {
    const answer = Promise.withResolvers<Message>();
    const done = new AbortController();
    const at = key(request.agent, request.id);
    this.#waiting.set(at, { answer });
    const signal = AbortSignal.any([options.signal, done.signal]);
    const late = async (): Promise<never> => {
      await this.#clock.sleep(options.timeoutMs, { signal });
      const text = `No answer to ${request.id} within ${options.timeoutMs / 1000} s`;
      throw new MeshError('ANSWER_TIMEOUT', text, { data: { id: request.id }, hint: `See what became of it: mesh track ${request.id}` });
    };
    try {
      return await Promise.race([answer.promise, late()]);
    } finally {
      done.abort();
      this.#waiting.delete(at);
    }
  }

  /** Takes what the pipeline tells: answers that came, requests that were refused or expired. */
  notice(event: PipelineEvent): void {
    if (event.type === 'received') {
      for (const message of event.messages) {
        if (message.correlationId === undefined) continue;
        this.#waiting.get(key(event.agent, message.correlationId))?.answer.resolve(message);
      }
    }
    if (event.type === 'state' && (event.state === 'refused' || event.state === 'expired')) {
      for (const id of event.ids) {
        const code = event.state === 'expired' ? 'EXPIRED' : (event.reason ?? 'NOT_PERMITTED');
        const error = new MeshError(code, `The peer refused ${id}: ${code}`, { data: { id } });
        this.#waiting.get(key(event.agent, id))?.answer.reject(error);
      }
    }
  }
}

const key = (agent: string, id: MessageId): string => `${agent}/${id}`;
