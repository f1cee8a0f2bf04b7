import type { Clock } from '#kernel';
import type { AgentId } from '#identity';

/** Who waits for a frame in its mailbox. */
export class Arrivals {
  readonly #waiting = new Map<AgentId, Set<() => void>>();

  /** Something came for the agent. */
  tell(agentId: AgentId): void {
    const waiting = this.#waiting.get(agentId);
    this.#waiting.delete(agentId);
    for (const wake of waiting ?? []) wake();
  }

  /** From now on; so that nothing is missed that comes while somebody looks. */
  expect(agentId: AgentId): Arrival {
    const { promise, resolve } = Promise.withResolvers<void>();
    const waiting = this.#waiting.get(agentId) ?? new Set();
    this.#waiting.set(agentId, waiting.add(resolve));
    return {
      came: promise,
      [Symbol.dispose]: () => {
        waiting.delete(resolve);
        if (waiting.size === 0 && this.#waiting.get(agentId) === waiting) this.#waiting.delete(agentId);
      },
    };
  }
}

export interface Arrival extends Disposable {
  readonly came: Promise<void>;
}

export interface Patience {
  readonly clock: Clock;
  readonly ms: number;
  readonly signal: AbortSignal;
}

/** Until something came, the time is over, or the signal aborts. */
export async function awaitArrival({ came }: Arrival, { clock, ms, signal }: Patience): Promise<void> {
  const over = new AbortController();
  const end = (): void => over.abort();
  signal.addEventListener('abort', end, { once: true });
  const late = clock.sleep(ms, { signal: over.signal }).catch(() => {});
  await Promise.race([came, late]);
  signal.removeEventListener('abort', end);
  end();
}
