import { type Clock, codeOf, type Limits, type Logger } from '#kernel';
import type { MeshStore, MeshTransaction } from './store.ts';

export interface DeferredWritesPorts {
  readonly store: MeshStore;
  readonly clock: Clock;
  readonly limits: Limits;
  readonly logger: Logger;
}

interface Deferred {
  write(tx: MeshTransaction): void;
  /** What can be told once it is durable. */
  readonly committed?: (() => void) | undefined;
}

/**
 * Bookkeeping whose loss in a crash harms nobody (that a frame was sent, that the peer's node has it): it waits for a transaction of the
 * lane that happens anyway, at most `deferredWriteMs`, instead of an fsync of its own.
 */
export class DeferredWrites {
  readonly #ports: DeferredWritesPorts;
  #writes: Deferred[] = [];
  #scheduled = false;

  constructor(ports: DeferredWritesPorts) {
    this.#ports = ports;
  }

  /** `committed` is called when it is durable. */
  add(write: (tx: MeshTransaction) => void, committed?: () => void): void {
    this.#writes.push({ write, committed });
    if (this.#scheduled) return;
    this.#scheduled = true;
    void this.#later();
  }

  /** Runs `work` in a transaction, after what was deferred; what was deferred stays so when the transaction fails. */
  async transact<T>(work: (tx: MeshTransaction) => T): Promise<T> {
    const writes = this.#writes;
    this.#writes = [];
    let done: T;
    try {
      done = await this.#ports.store.transact((tx) => {
        for (const { write } of writes) write(tx);
        return work(tx);
      });
    } catch (error) {
      this.#writes = [...writes, ...this.#writes];
      throw error;
    }
    for (const { committed } of writes) committed?.();
    return done;
  }

  /** Writes what is left; for a lane that closes. */
  async flush(): Promise<void> {
    if (this.#writes.length > 0) await this.transact(() => {});
  }

  async #later(): Promise<void> {
    const { clock, limits, logger } = this.#ports;
    await clock.sleep(limits.deferredWriteMs);
    this.#scheduled = false;
    try {
      await this.flush();
    } catch (error) {
      const code = codeOf(error);
      if (code !== 'SHUTTING_DOWN') logger.warn('deferred.not-written', { code });
    }
  }
}
