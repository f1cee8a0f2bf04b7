import type { Clock } from '#kernel';
import type { AgentId } from '#identity';
import type { PipelineEvent } from '#pipeline';
import type { Contact } from '#trust';

export interface Awaited {
  readonly agent: string;
  readonly agentId: AgentId;
  /** Whether the contact is what the caller waits for. */
  isThere(contact: Contact): boolean;
  readonly ms: number;
  readonly signal: AbortSignal;
}

type Watcher = Pick<Awaited, 'agent' | 'agentId' | 'isThere'> & { readonly reached: PromiseWithResolvers<Contact> };

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
  async after(step: () => Promise<Contact>, { agent, agentId, isThere, ms, signal }: Awaited): Promise<Contact> {
    const watcher: Watcher = { agent, agentId, isThere, reached: Promise.withResolvers() };
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
    if (event.type !== 'contact') return;
    for (const { agent, agentId, isThere, reached } of this.#watchers) {
      if (agent === event.contact.agent && agentId === event.contact.agentId && isThere(event.contact))
        reached.resolve(event.contact);
    }
  }
}
