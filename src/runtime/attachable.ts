import { type Clock, EventStream, MeshError } from '#kernel';
import type { MessageType } from '#protocol';
import { inTime } from './in-time.ts';
import type { Answer, InboundMessage, Runtime } from './runtime.ts';

/** What a program is told that takes the messages of an agent. */
export type Offer =
  | { readonly type: 'message'; readonly inbound: InboundMessage }
  | { readonly type: 'withdrawn'; readonly id: string };

export interface Attaching {
  /** Which program, for people: `openclaw` */
  readonly program: string;
  readonly types: readonly MessageType[];
  readonly concurrency: number;
  /** For each message; then it is withdrawn and offered again. */
  readonly timeoutMs: number;
  /** Aborted when the program went away. */
  readonly signal: AbortSignal;
}

interface Attached extends Attaching {
  readonly offers: EventStream<Offer>;
}

/**
 * Messages stay in the inbox, unless a program is attached: it is offered them, one after another or several at once, and says when it is
 * done with each. What it had when it went away is offered again, and no attempt is used up.
 */
export class AttachableRuntime implements Runtime {
  readonly #clock: Clock;
  /** What the program has, by message id. */
  readonly #held = new Map<string, PromiseWithResolvers<Answer | undefined>>();
  #program: Attached | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get kind(): 'inbox' | 'attached' {
    return this.#program === undefined ? 'inbox' : 'attached';
  }

  get types(): readonly MessageType[] {
    return this.#program?.types ?? [];
  }

  get concurrency(): number {
    return this.#program?.concurrency ?? 1;
  }

  /** Offers until the signal aborts. Throws WRONG_STATE while another program is attached. */
  attach(attaching: Attaching): AsyncIterable<Offer> {
    attaching.signal.throwIfAborted();
    if (this.#program !== undefined) {
      throw new MeshError('WRONG_STATE', `The program ${this.#program.program} takes the messages of this agent`, {
        hint: 'Stop it first, or attach to another agent: mesh agent list',
      });
    }
    const attached = { ...attaching, offers: new EventStream<Offer>() };
    this.#program = attached;
    attaching.signal.addEventListener('abort', () => this.#detach(attached), { once: true });
    return attached.offers.subscribe({ signal: attaching.signal });
  }

  async handle(inbound: InboundMessage, { signal }: { readonly signal: AbortSignal }): Promise<Answer | undefined> {
    const program = this.#program;
    if (program === undefined) throw away();
    const { id } = inbound.message;
    const answer = Promise.withResolvers<Answer | undefined>();
    const { timeoutMs, offers } = program;
    const limit = { clock: this.#clock, timeoutMs, text: `The program was not done within ${timeoutMs} ms` };
    this.#held.set(id, answer);
    try {
      return await inTime(limit, signal, (both) => {
        both.addEventListener('abort', () => answer.reject(both.reason), { once: true });
        offers.emit({ type: 'message', inbound });
        return answer.promise;
      });
    } catch (error) {
      offers.emit({ type: 'withdrawn', id });
      throw error;
    } finally {
      this.#held.delete(id);
    }
  }

  /** The program is done with the message. Throws WRONG_STATE when it does not have it. */
  complete(id: string, answer: Answer | undefined): void {
    this.#heldBy(id).resolve(answer);
  }

  /** The program gives the message back: it is offered again. Throws WRONG_STATE when it does not have it. */
  release(id: string, { error, counts }: { readonly error: string; readonly counts: boolean }): void {
    const reason = counts
      ? new MeshError('HANDLER_FAILED', 'The program failed', { data: { detail: error } })
      : new MeshError('PROGRAM_AWAY', error);
    this.#heldBy(id).reject(reason);
  }

  #heldBy(id: string): PromiseWithResolvers<Answer | undefined> {
    const held = this.#held.get(id);
    if (held !== undefined) return held;
    throw new MeshError('WRONG_STATE', `The message ${id} is not with the program`, {
      hint: 'It took too long, or another one has it: do nothing more for it. It is offered again if it has to be.',
    });
  }

  #detach(attached: Attached): void {
    if (this.#program !== attached) return;
    this.#program = undefined;
    for (const held of this.#held.values()) held.reject(away());
  }
}

const away = (): MeshError =>
  new MeshError('PROGRAM_AWAY', 'The program that takes the messages of this agent went away');
