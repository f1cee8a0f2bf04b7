import { type Clock, type Limits, MeshError } from '#kernel';
import { hubVersion, isHubOperation, type LinkOperationOf, type MailboxAck } from '#protocol';
import { type Ask, type AskAnswer, isServiceQuestion, type ServiceAnswer, type ServiceQuestion } from './link-asks.ts';
import type { LinkHandler } from './link.ts';
import { LinkRequests, type QuestionName } from './link-requests.ts';
import { QuestionServer, type QuestionServerOptions } from './question-server.ts';

export interface LinkQuestionsOptions extends QuestionServerOptions {
  readonly handler: LinkHandler;
  readonly clock: Clock;
  readonly limits: Limits;
}

/** What is asked and answered with the number of a question. */
export type QuestionOperation = ServiceQuestion | ServiceAnswer | MailboxAck | LinkOperationOf<'ping' | 'pong'>;

/** Questions over one link, both ways; what is for hubs only when both sides know of them. */
export class LinkQuestions {
  readonly #options: LinkQuestionsOptions;
  readonly #requests: LinkRequests;
  readonly #server: QuestionServer;

  constructor(options: LinkQuestionsOptions) {
    this.#options = options;
    this.#requests = new LinkRequests(options.clock, options.limits);
    this.#server = new QuestionServer(options);
  }

  get clockOffsetMs(): number | undefined {
    return this.#requests.clockOffsetMs;
  }

  nextNumber(): number {
    return this.#requests.nextNumber();
  }

  async ask<Q extends Ask>(question: Q, signal?: AbortSignal): Promise<AskAnswer<Q['op']>> {
    const { op, waitMs = 0 }: { op: QuestionName; waitMs?: number } = question;
    const write = (n: number): void => this.#options.write({ ...question, n });
    // The requests let only answers to this question pass.
    return (await this.#requests.ask({ op, waitMs, signal, write })) as AskAnswer<Q['op']>;
  }

  /** As `ask`, of somebody who keeps something for others. */
  async askHub<Q extends Ask>(question: Q, signal?: AbortSignal): Promise<AskAnswer<Q['op']>> {
    if (this.#knowsHubs) return await this.ask(question, signal);
    throw new MeshError('PEER_TOO_OLD', 'The software of the far end knows no mailboxes');
  }

  ack(acked: Omit<MailboxAck, 'op'>): void {
    if (this.#knowsHubs) this.#options.write({ op: 'ack', ...acked });
  }

  /** Round trip in ms. */
  async ping(): Promise<number> {
    const { clock, write } = this.#options;
    const sentAt = clock.monotonic();
    await this.#requests.ask({ op: 'ping', write: (n) => write({ op: 'ping', n }) });
    return clock.monotonic() - sentAt;
  }

  /** False when the far end may not say that. Throws RATE_LIMITED. */
  take(operation: QuestionOperation): boolean {
    const { handler, link, clock, write } = this.#options;
    if (isHubOperation(operation) && !this.#knowsHubs) return false;
    if (operation.op === 'ack') handler.service?.onAck(operation, link);
    else if (operation.op === 'ping') write({ op: 'pong', n: operation.n, at: clock.now() });
    else if (isServiceQuestion(operation)) this.#server.take(operation);
    else return this.#requests.answered(operation);
    return true;
  }

  /** False when that was not asked. */
  refused(n: number, error: MeshError): boolean {
    return this.#requests.refused(n, error);
  }

  end(error: MeshError): void {
    this.#requests.end(error);
  }

  get #knowsHubs(): boolean {
    return this.#options.link.version >= hubVersion;
  }
}
