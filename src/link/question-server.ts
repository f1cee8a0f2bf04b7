import { type Limits, MeshError } from '#kernel';
import type { AgentId } from '#identity';
import type { LinkOperation, LinkOperationOf } from '#protocol';
import type { Link, LinkHandler } from './link.ts';
import { operationError } from './operation-error.ts';

export type Question = LinkOperationOf<'card.get' | 'keypackage.take'>;

export interface QuestionServerOptions {
  readonly link: Link;
  readonly handler: LinkHandler;
  readonly limits: Pick<Limits, 'maxLinkRequests'>;
  /** The ids under which the local agent is asked for. */
  readonly localIds: ReadonlySet<AgentId>;
  write(operation: LinkOperation): void;
}

/** Answers what the far end asks about the local agent, so many questions at once as one may ask. */
export class QuestionServer {
  readonly #options: QuestionServerOptions;
  #waiting = 0;

  constructor(options: QuestionServerOptions) {
    this.#options = options;
  }

  /** Throws RATE_LIMITED when too many wait for their answer. */
  take(question: Question): void {
    const { maxLinkRequests } = this.#options.limits;
    if (this.#waiting >= maxLinkRequests) {
      throw new MeshError('RATE_LIMITED', `More than maxLinkRequests ${maxLinkRequests} wait for an answer`);
    }
    this.#waiting += 1;
    void this.#serve(question);
  }

  async #serve(question: Question): Promise<void> {
    let answer: LinkOperation;
    try {
      answer = await this.#answer(question);
    } catch (error) {
      answer = { ...operationError(error), n: question.n };
    }
    this.#waiting -= 1;
    this.#options.write(answer);
  }

  async #answer({ op, n, agent }: Question): Promise<LinkOperation> {
    const { link, handler, localIds } = this.#options;
    if (!localIds.has(agent)) throw new MeshError('UNKNOWN_AGENT');
    if (op === 'card.get') return { op: 'card', n, agent, card: await handler.cardOf(link.local) };
    return { op: 'keypackage', n, agent, bytes: await handler.keyPackageFor(link) };
  }
}
