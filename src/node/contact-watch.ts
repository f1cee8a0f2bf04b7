import type { Clock } from '#kernel';
import type { AgentId } from '#identity';
import type { PipelineEvent } from '#pipeline';
import type { Contact } from '#trust';

export interface Awaited {
  readonly agent: string;
  readonly agentId: AgentId;
  /** Whether the contact is what the caller waits for. */
  isThere(contact: Contact): boolean;
  /** It is enough that a mailbox holds what the contact is told. */
  readonly orMailed?: boolean;
  readonly ms: number;
  readonly signal: AbortSignal;
}

type Watcher = Pick<Awaited, 'agent' | 'agentId' | 'isThere' | 'orMailed'> & {
  readonly reached: PromiseWithResolvers<Contact>;
};

/** Lets a caller wait until a contact exchange is through. */
export class ContactWatch {
  readonly #watchers = new Set<Watcher>();
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Takes the step and waits for what comes of it: resolves with the contact once it is there, or after `ms` with what the step
   * made. Rejects with what the step throws.
   */
  async after(step: () => Promise<Contact>, awaited: Awaited): Promise<Contact> {
    const { isThere, ms, signal } = awaited;
    const watcher: Watcher = { ...awaited, reached: Promise.withResolvers() };
    const done = new AbortController();
    this.#watchers.add(watcher);
    try {
      const taken = step().then(async (contact) => {
        if (ms > 0 && !isThere(contact))
          await this.#clock.sleep(ms, { signal: AbortSignal.any([signal, done.signal]) });
        return contact;
      });
      // Raced from the start: the contact may be there before the step is over, and a step that fails has nothing to wait for.
      return await Promise.race([watcher.reached.promise, taken]);
    } finally {
      done.abort();
      this.#watchers.delete(watcher);
    }
  }

  notice(event: PipelineEvent): void {
    if (event.type !== 'contact' && event.type !== 'mailed') return;
    const { contact } = event;
    for (const { agent, agentId, isThere, orMailed = false, reached } of this.#watchers) {
      if (agent !== contact.agent || agentId !== contact.agentId) continue;
      if (isThere(contact) || (orMailed && event.type === 'mailed')) reached.resolve(contact);
    }
  }
}
