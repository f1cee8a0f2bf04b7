import { codeOf, type ErrorCode } from '#kernel';
import type { Machine } from './machine.ts';

export interface CallEnd<T> {
  onDone(value: T): void;
  onFail(code: ErrorCode): void;
  /** The process ended before it answered. */
  onLost(): void;
}

/** Calls to nodes that are under way, each of which ends in one of three ways. */
export class Calls {
  readonly #open = new Map<string, Set<() => void>>();

  get count(): number {
    return [...this.#open.values()].reduce((sum, calls) => sum + calls.size, 0);
  }

  /** Calls the node, which must be up. */
  make<T>(machine: Machine, call: (api: Machine['api']) => Promise<T>, end: CallEnd<T>): void {
    const { life } = machine.running;
    const calls = this.#open.get(machine.name) ?? new Set();
    this.#open.set(machine.name, calls);
    const lose = (): void => end.onLost();
    calls.add(lose);
    const settle = (then: () => void): void => {
      if (life.isAlive && calls.delete(lose)) then();
    };
    call(machine.api).then(
      (value) => settle(() => end.onDone(value)),
      (error: unknown) => settle(() => end.onFail(codeOf(error))),
    );
  }

  /** The process at that machine is gone. */
  lose(name: string): void {
    const calls = [...(this.#open.get(name) ?? [])];
    this.#open.delete(name);
    for (const lose of calls) lose();
  }
}
