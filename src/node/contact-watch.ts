import { type Clock, type ErrorCode, MeshError } from '#kernel';
import type { AgentId } from '#identity';
import type { PipelineEvent } from '#pipeline';

/** Lets a caller wait until a contact exchange is through. */
export class ContactWatch {
  readonly #waiting = new Map<string, PromiseWithResolvers<void>>();
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Starts to watch at once. Resolves true when the contact is trusted, false after `ms`; rejects with the code of a refusal. */
  async untilTrusted(
    who: { readonly agent: string; readonly agentId: AgentId },
    options: { readonly ms: number; readonly signal: AbortSignal },
  ): Promise<boolean> {
    const key = keyOf(who.agent, who.agentId);
    const trusted = Promise.withResolvers<void>();
    this.#waiting.set(key, trusted);
    const done = new AbortController();
    const late = this.#clock.sleep(options.ms, { signal: AbortSignal.any([options.signal, done.signal]) });
    try {
      return await Promise.race([trusted.promise.then(() => true), late.then(() => false)]);
    } finally {
      done.abort();
      late.catch(() => undefined);
      if (this.#waiting.get(key) === trusted) this.#waiting.delete(key);
    }
  }

  notice(event: PipelineEvent): void {
    if (event.type !== 'contact' || event.contact.state !== 'trusted') return;
    this.#waiting.get(keyOf(event.contact.agent, event.contact.agentId))?.resolve();
  }

  refused(who: { readonly agent: string; readonly agentId: AgentId; readonly petname: string }, code: ErrorCode): void {
    const error = new MeshError(code, `${who.petname} refused: ${code}`);
    this.#waiting.get(keyOf(who.agent, who.agentId))?.reject(error);
  }
}

const keyOf = (agent: string, agentId: AgentId): string => `${agent}/${agentId}`;
