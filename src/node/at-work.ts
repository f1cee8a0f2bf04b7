import { AsyncLocalStorage } from 'node:async_hooks';
import type { LeasedMessage } from '#delivery';
import type { Cause } from '#pipeline';
import type { Message } from '#protocol';

/** What the program of an agent is busy with: what it sends meanwhile is caused by that unless it says otherwise (spec 14.6). */
export class AtWork {
  readonly #causes = new Map<number, Cause>();
  /** Which of them the code that runs now belongs to, in a program of this process. */
  readonly #here = new AsyncLocalStorage<number>();

  get causes(): readonly Cause[] {
    return [...this.#causes.values()];
  }

  /** The one that the caller handles; undefined for a caller outside of this process, and for what else the process does. */
  get ofCaller(): Cause | undefined {
    const seq = this.#here.getStore();
    return seq === undefined ? undefined : this.#causes.get(seq);
  }

  async during<T>({ agent, seq, sender }: LeasedMessage, message: Message, work: () => Promise<T>): Promise<T> {
    this.#causes.set(seq, { agent, seq, sender, message, isAnswered: false });
    try {
      return await this.#here.run(seq, work);
    } finally {
      this.#causes.delete(seq);
    }
  }
}
