import type { Backoff, Clock, Limits, Random } from '#kernel';
import type { AgentId } from '#identity';
import { WayPauses } from './way-pauses.ts';

export interface FileKeepersOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly limits: Pick<Limits, 'blobRetryMs' | 'blobMaxRetryMs' | 'mailRepeatMs' | 'mailMaxRepeatMs'>;
}

/** Those who keep one file for its sender: which of them may be asked again when. Each fails for itself, and none is believed. */
export class FileKeepers {
  readonly #limits: FileKeepersOptions['limits'];
  readonly #failures: WayPauses;
  readonly #lies: WayPauses;
  /** Whose bytes are in what was not compared with the address of the file yet. */
  readonly #givers = new Set<AgentId>();

  constructor(options: FileKeepersOptions) {
    this.#limits = options.limits;
    this.#failures = new WayPauses(options);
    this.#lies = new WayPauses(options);
  }

  /** By the monotonic clock. */
  dueAt(keeper: AgentId): number {
    return Math.max(this.#failures.until(keeper), this.#lies.until(keeper));
  }

  gave(keeper: AgentId): void {
    this.#givers.add(keeper);
    this.#failures.worked(keeper);
  }

  /** It does not have the file now, or does not give it. */
  failed(keeper: AgentId): void {
    const { blobRetryMs: firstMs, blobMaxRetryMs: maxMs } = this.#limits;
    this.#failures.failed(keeper, { firstMs, maxMs });
  }

  /** What came is not the file: whoever gave some of it is left alone for long. False when nobody did. */
  blame(): boolean {
    const { mailRepeatMs: firstMs, mailMaxRepeatMs: maxMs } = this.#limits;
    const pace: Backoff = { firstMs, maxMs };
    const isTheirs = this.#givers.size > 0;
    for (const keeper of this.#givers) this.#lies.failed(keeper, pace);
    this.#givers.clear();
    return isTheirs;
  }
}
