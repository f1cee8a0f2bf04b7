import type { Clock } from '#kernel';
import type { AgentId } from '#identity';

type Alarms = Pick<Clock, 'alarm'>;

/** What comes into mailboxes, told to those who look out for it: nearly all agents that are linked. */
export class Arrivals {
  readonly #clock: Alarms;
  readonly #lookouts = new Map<AgentId, readonly Lookout[]>();

  constructor(clock: Alarms) {
    this.#clock = clock;
  }

  /** Something came for the agent. */
  tell(agentId: AgentId): void {
    for (const lookout of this.#lookouts.get(agentId) ?? []) lookout.tell();
  }

  /** From now on, until it is disposed of. */
  lookOut(agentId: AgentId): Lookout {
    const lookout = new Lookout(this.#clock, () => this.#forget(agentId, lookout));
    const others = this.#lookouts.get(agentId);
    this.#lookouts.set(agentId, others === undefined ? [lookout] : [...others, lookout]);
    return lookout;
  }

  #forget(agentId: AgentId, lookout: Lookout): void {
    const left = this.#lookouts.get(agentId)?.filter((other) => other !== lookout) ?? [];
    if (left.length === 0) this.#lookouts.delete(agentId);
    else this.#lookouts.set(agentId, left);
  }
}

interface Waiting {
  readonly alarm: Disposable;
  wake(came: boolean): void;
}

/** One link that looks out for what comes for its agent. */
export class Lookout implements Disposable {
  readonly #clock: Alarms;
  readonly #forget: () => void;
  #waiting: Waiting[] = [];
  #count = 0;

  constructor(clock: Alarms, forget: () => void) {
    this.#clock = clock;
    this.#forget = forget;
  }

  /** How often something came: unchanged means that nothing did. */
  get count(): number {
    return this.#count;
  }

  tell(): void {
    this.#count += 1;
    for (const { alarm, wake } of this.#waiting.splice(0)) {
      alarm[Symbol.dispose]();
      wake(true);
    }
  }

  /** True when something came since the count was `count`; false when `ms` are over. */
  wait(count: number, ms: number): Promise<boolean> {
    if (this.#count !== count) return Promise.resolve(true);
    return new Promise((wake) => {
      const alarm = this.#clock.alarm(ms, () => {
        this.#waiting = this.#waiting.filter((other) => other !== waiting);
        wake(false);
      });
      const waiting: Waiting = { alarm, wake };
      this.#waiting.push(waiting);
    });
  }

  /** Whoever waits waits no longer. */
  [Symbol.dispose](): void {
    this.#forget();
    this.tell();
  }
}
