import { type Limits, MeshError } from '#kernel';
import type { LinkOperation } from '#protocol';
import { isIdOf, type KnownIds } from './handshake-proof.ts';
import type { Link, LinkHandler } from './link.ts';
import type { ServiceAnswer, ServiceQuestion, WithoutNumber } from './link-asks.ts';
import { operationError } from './operation-error.ts';

export interface QuestionServerOptions {
  readonly link: Link;
  readonly handler: LinkHandler;
  readonly limits: Pick<Limits, 'maxLinkRequests' | 'maxFetches'>;
  /** The local agent, which is asked for by any of its ids. */
  readonly self: KnownIds;
  write(operation: LinkOperation): void;
}

type AboutAgent = Extract<ServiceQuestion, { readonly op: 'card.get' | 'keypackage.take' }>;

/** Answers what the far end asks about the local agent or of its service, so many questions at once as one may ask. */
export class QuestionServer {
  readonly #options: QuestionServerOptions;
  #waiting = 0;
  #fetches = 0;

  constructor(options: QuestionServerOptions) {
    this.#options = options;
  }

  /** Throws RATE_LIMITED when too many wait for their answer. */
  take(question: ServiceQuestion): void {
    const { maxLinkRequests, maxFetches } = this.#options.limits;
    if (question.op === 'fetch') {
      if (this.#fetches >= maxFetches) throw tooMany('maxFetches', maxFetches);
      this.#fetches += 1;
      void this.#serve(question, () => (this.#fetches -= 1));
      return;
    }
    if (this.#waiting >= maxLinkRequests) throw tooMany('maxLinkRequests', maxLinkRequests);
    this.#waiting += 1;
    void this.#serve(question, () => (this.#waiting -= 1));
  }

  async #serve(question: ServiceQuestion, done: () => void): Promise<void> {
    let answer: LinkOperation;
    try {
      answer = { ...(await this.#answer(question)), n: question.n };
    } catch (error) {
      answer = { ...operationError(error), n: question.n };
    }
    done();
    this.#options.write(answer);
  }

  #answer(question: ServiceQuestion): Promise<WithoutNumber<ServiceAnswer>> {
    const { link, handler, self } = this.#options;
    const { service } = handler;
    const { op } = question;
    if (op === 'card.get' || op === 'keypackage.take') {
      if (isIdOf(question.agent, self)) return this.#ownAnswer(question);
      if (service === undefined) throw new MeshError('UNKNOWN_AGENT');
    }
    // Nothing is kept here for others.
    if (service === undefined) throw new MeshError('NOT_FOUND');
    return service.answer(question, link);
  }

  async #ownAnswer({ op, agent }: AboutAgent): Promise<WithoutNumber<ServiceAnswer>> {
    const { link, handler } = this.#options;
    if (op === 'card.get') return { op: 'card', agent, card: await handler.cardOf(link.local) };
    return { op: 'keypackage', agent, bytes: await handler.keyPackageFor(link) };
  }
}

const tooMany = (limit: string, value: number): MeshError =>
  new MeshError('RATE_LIMITED', `More than ${limit} ${value} wait for an answer`);
