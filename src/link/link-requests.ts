import { type Clock, type Limits, MeshError } from '#kernel';
import { inTime } from './deadline.ts';

export type AnswerKind = 'card' | 'keypackage' | 'pong';

interface Question {
  readonly kind: AnswerKind;
  readonly answer: PromiseWithResolvers<Uint8Array>;
}

/** Questions asked over a link, matched to their answers by number. */
export class LinkRequests {
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  readonly #open = new Map<number, Question>();
  #last = 0;
  #ended: MeshError | undefined;

  constructor(clock: Clock, limits: Pick<Limits, 'linkRequestMs'>) {
    this.#clock = clock;
    this.#timeoutMs = limits.linkRequestMs;
  }

  /**
   * Rejects with TIMEOUT, with what the far end refused, and when the link ends. `write` gets the number of the
   * question.
   */
  ask(kind: AnswerKind, write: (n: number) => void): Promise<Uint8Array> {
    if (this.#ended !== undefined) return Promise.reject(this.#ended);
    this.#last += 1;
    const question: Question = { kind, answer: Promise.withResolvers() };
    // It stays when its time is over: an answer that comes late is no fault of the far end.
    this.#open.set(this.#last, question);
    write(this.#last);
    const late = (): MeshError => new MeshError('TIMEOUT', `No ${kind} came within ${this.#timeoutMs} ms`);
    return inTime(question.answer.promise, { clock: this.#clock, ms: this.#timeoutMs, late });
  }

  /** False when that was not asked. */
  answered(n: number, kind: AnswerKind, bytes: Uint8Array): boolean {
    const question = this.#open.get(n);
    if (question?.kind !== kind) return false;
    this.#open.delete(n);
    question.answer.resolve(bytes);
    return true;
  }

  /** False when that was not asked. */
  refused(n: number, error: MeshError): boolean {
    const question = this.#open.get(n);
    this.#open.delete(n);
    question?.answer.reject(error);
    return question !== undefined;
  }

  end(error: MeshError): void {
    this.#ended = error;
    for (const { answer } of this.#open.values()) answer.reject(error);
    this.#open.clear();
  }
}
