import { type Clock, type Limits, MeshError } from '#kernel';
import type { LinkOperationOf } from '#protocol';
import { inTime } from './deadline.ts';
import { type AskName, answersTo, type ServiceAnswer } from './link-asks.ts';

export type QuestionName = AskName | 'ping';
export type AnswerName = ServiceAnswer['op'] | 'pong';
type Answer = LinkOperationOf<AnswerName>;

export interface Asking {
  readonly op: QuestionName;
  /** How long the far end may take on purpose. */
  readonly waitMs?: number;
  readonly signal?: AbortSignal | undefined;
  /** Gets the number of the question. */
  write(n: number): void;
}

interface Question extends Asking {
  readonly answer: PromiseWithResolvers<Answer>;
  readonly begun: PromiseWithResolvers<void>;
}

export type LinkRequestsLimits = Pick<Limits, 'linkRequestMs' | 'maxLinkRequests' | 'maxFetches'>;

/**
 * Questions asked over a link, matched to their answers by number. No more are open at once than the far end answers at once; the others
 * wait for their turn.
 */
export class LinkRequests {
  readonly #clock: Clock;
  readonly #limits: LinkRequestsLimits;
  readonly #open = new Map<number, Question>();
  readonly #waiting: Question[] = [];
  readonly #asked: Record<Lane, number> = { ping: 0, fetch: 0, other: 0 };
  #last = 0;
  #clockOffsetMs: number | undefined;
  #ended: MeshError | undefined;

  constructor(clock: Clock, limits: LinkRequestsLimits) {
    this.#clock = clock;
    this.#limits = limits;
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
   * The operation that answers. Rejects with TIMEOUT, with what the far end refused, when the link ends, and with the reason of the
   * signal.
   */
  async ask(asking: Asking): Promise<Answer> {
    if (this.#ended !== undefined) throw this.#ended;
    asking.signal?.throwIfAborted();
    const question: Question = { ...asking, answer: Promise.withResolvers(), begun: Promise.withResolvers() };
    this.#waiting.push(question);
    this.#startNext(laneOf(asking.op));
    if (this.#waiting.includes(question)) void this.#waitForTurn(question);
    return await untilAborted(question.answer.promise, asking.signal);
  }

  /** False when that was not asked. */
  answered(answer: Answer): boolean {
    const question = this.#open.get(answer.n);
    if (question === undefined || !answersOf(question.op).includes(answer.op)) return false;
    if (answer.op === 'pong' && answer.at !== undefined) this.#clockOffsetMs = answer.at - this.#clock.now();
    this.#close(answer.n, question);
    question.answer.resolve(answer);
    return true;
  }

  /** False when that was not asked. */
  refused(n: number, error: MeshError): boolean {
    const question = this.#open.get(n);
    if (question === undefined) return false;
    this.#close(n, question);
    question.answer.reject(error);
    return true;
  }

  end(error: MeshError): void {
    this.#ended = error;
    for (const { answer, begun } of [...this.#open.values(), ...this.#waiting]) {
      begun.resolve();
      answer.reject(error);
    }
    this.#open.clear();
    this.#waiting.length = 0;
  }

  #startNext(lane: Lane): void {
    if (this.#asked[lane] >= this.#most(lane)) return;
    const index = this.#waiting.findIndex(({ op }) => laneOf(op) === lane);
    const [next] = index === -1 ? [] : this.#waiting.splice(index, 1);
    if (next === undefined) return;
    if (next.signal?.aborted === true) {
      // Nobody waits for it any more.
      next.begun.resolve();
      this.#startNext(lane);
      return;
    }
    this.#asked[lane] += 1;
    this.#start(next);
  }

  /** A far end that answers nothing does not hold up others for ever. */
  async #waitForTurn(question: Question): Promise<void> {
    const ms = this.#limits.linkRequestMs;
    const late = (): MeshError => new MeshError('TIMEOUT', `${question.op} did not get its turn within ${ms} ms`);
    try {
      await inTime(question.begun.promise, { clock: this.#clock, ms, late });
    } catch (error) {
      const at = this.#waiting.indexOf(question);
      if (at !== -1) this.#waiting.splice(at, 1);
      question.answer.reject(error);
    }
  }

  /** It stays when its time is over: an answer that comes late is no fault of the far end. */
  #start(question: Question): void {
    const n = this.nextNumber();
    const { op, waitMs = 0, answer, begun } = question;
    begun.resolve();
    this.#open.set(n, question);
    question.write(n);
    const ms = this.#limits.linkRequestMs + waitMs;
    const late = (): MeshError => new MeshError('TIMEOUT', `No answer to ${op} came within ${ms} ms`);
    inTime(answer.promise, { clock: this.#clock, ms, late }).catch(answer.reject);
  }

  #close(n: number, { op }: Question): void {
    const lane = laneOf(op);
    this.#open.delete(n);
    this.#asked[lane] -= 1;
    this.#startNext(lane);
  }

  #most(lane: Lane): number {
    if (lane === 'ping') return Number.POSITIVE_INFINITY;
    return lane === 'fetch' ? this.#limits.maxFetches : this.#limits.maxLinkRequests;
  }
}

/** Fetches may take a minute, and others must not wait for them; a ping tells whether anything works. */
type Lane = 'ping' | 'fetch' | 'other';

const laneOf = (op: QuestionName): Lane => (op === 'ping' || op === 'fetch' ? op : 'other');

const answersOf = (op: QuestionName): readonly AnswerName[] => (op === 'ping' ? ['pong'] : answersTo[op]);

async function untilAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return await work;
  const { promise, reject } = Promise.withResolvers<never>();
  const aborted = (): void => reject(signal.reason);
  signal.addEventListener('abort', aborted, { once: true });
  try {
    return await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener('abort', aborted);
  }
}
