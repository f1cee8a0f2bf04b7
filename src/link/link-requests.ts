import { type Clock, type Limits, MeshError } from '#kernel';
import type { LinkOperationOf } from '#protocol';
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
  #clockOffsetMs: number | undefined;
  #ended: MeshError | undefined;

  constructor(clock: Clock, limits: Pick<Limits, 'linkRequestMs'>) {
    this.#clock = clock;
    this.#timeoutMs = limits.linkRequestMs;
  }

  /** How far the far end's clock was ahead of ours at its latest `pong`. */
  get clockOffsetMs(): number | undefined {
    return this.#clockOffsetMs;
  }

  /** Every question on a link has its own number. */
  nextNumber(): number {
    this.#last += 1;
    return this.#last;
  }

  /**
   * Rejects with TIMEOUT, with what the far end refused, and when the link ends. `write` gets the number of the
   * question.
   */
  ask(kind: AnswerKind, write: (n: number) => void): Promise<Uint8Array> {
    if (this.#ended !== undefined) return Promise.reject(this.#ended);
    const n = this.nextNumber();
    const question: Question = { kind, answer: Promise.withResolvers() };
    // It stays when its time is over: an answer that comes late is no fault of the far end.
    this.#open.set(n, question);
    write(n);
    const late = (): MeshError => new MeshError('TIMEOUT', `No ${kind} came within ${this.#timeoutMs} ms`);
    return inTime(question.answer.promise, { clock: this.#clock, ms: this.#timeoutMs, late });
  }

  /** False when that was not asked. */
  answered(answer: LinkOperationOf<AnswerKind>): boolean {
    const question = this.#open.get(answer.n);
    if (question?.kind !== answer.op) return false;
    this.#open.delete(answer.n);
    if (answer.op === 'pong' && answer.at !== undefined) this.#clockOffsetMs = answer.at - this.#clock.now();
    question.answer.resolve(bytesOf(answer));
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

const nothing = new Uint8Array();

function bytesOf(answer: LinkOperationOf<AnswerKind>): Uint8Array {
  if (answer.op === 'card') return answer.card;
  return answer.op === 'keypackage' ? answer.bytes : nothing;
}
