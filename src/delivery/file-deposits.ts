import { type Clock, codeOf, type ErrorCode, type Limits, type Logger, type Random, toMeshError } from '#kernel';
import type { AgentId } from '#identity';
import type { Link } from '#link';
import { Deposit, type DepositOptions } from './deposit.ts';
import type { FileRow } from './file-store.ts';
import { WayPauses } from './way-pauses.ts';

export interface DepositsOptions extends Pick<DepositOptions, 'reader' | 'read'> {
  readonly clock: Clock;
  readonly random: Random;
  readonly limits: Limits;
  readonly logger: Logger;
  /** Files that the peer does not have and that cannot go to it directly now, oldest first. */
  waiting(): readonly FileRow[];
  /** Open links to those who keep files for us, best first. */
  keepers(): readonly Link[];
  /** The peer knows of the file for long, and does not get it from where it lies. */
  isStuck(row: FileRow): boolean;
  /** There is more of it with a keeper than before, or a reason why not. */
  progress(row: FileRow): void;
}

/** How far a file is with who keeps it for its receiver. */
export interface DepositStatus {
  readonly keeper?: AgentId;
  /** Sealed bytes. */
  readonly have: number;
  readonly isThere: boolean;
  readonly reason?: ErrorCode;
}

interface Choice {
  readonly row: FileRow;
  readonly deposit: Deposit;
}

/**
 * Puts the files that wait for one peer with who keeps things for it, while they cannot go to the peer itself: with the first that takes
 * them, and with the next one when the peer does not get them there (spec §13.9).
 */
export class FileDeposits {
  readonly #options: DepositsOptions;
  readonly #deposits = new Map<number, Map<AgentId, Deposit>>();
  /** By file and keeper. */
  readonly #pauses: WayPauses;
  readonly #stop = new AbortController();
  #woken = Promise.withResolvers<void>();
  #running: Promise<void> | undefined;

  constructor(options: DepositsOptions) {
    this.#options = options;
    this.#pauses = new WayPauses(options);
  }

  /** There is a file that waits, or somebody to give it to. */
  wake(): void {
    if (this.#stop.signal.aborted) return;
    this.#woken.resolve();
    this.#running ??= this.#run();
  }

  /** The best that is known of a file; undefined when it was put nowhere. */
  statusOf(no: number): DepositStatus | undefined {
    const all = [...(this.#deposits.get(no)?.values() ?? [])];
    const [best] = all.toSorted((a, b) => b.have - a.have);
    if (best === undefined) return undefined;
    const { have, isThere, reason, link } = best;
    return { have, isThere, keeper: link.remote.agentId, ...(isThere || reason === undefined ? {} : { reason }) };
  }

  /** Nobody needs to keep it any more. */
  async drop(row: FileRow): Promise<void> {
    const known = this.#deposits.get(row.no);
    this.#deposits.delete(row.no);
    for (const { link } of known?.values() ?? []) {
      // What stays goes by itself when nobody has asked for it for long.
      await link.ask({ op: 'blob.drop', blob: row.blob }).catch(() => undefined);
    }
  }

  async close(): Promise<void> {
    this.#stop.abort();
    this.#woken.resolve();
    await this.#running;
  }

  async #run(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      const woken = Promise.withResolvers<void>();
      this.#woken = woken;
      const waiting = this.#options.waiting();
      const keepers = this.#options.keepers();
      const next = this.#choose(waiting, keepers);
      if (next === undefined) await this.#pause(woken.promise, { waiting, keepers });
      else await this.#advance(next);
    }
  }

  /** Of what can go on, that of which least is missing. */
  #choose(waiting: readonly FileRow[], keepers: readonly Link[]): Choice | undefined {
    const choices = waiting.flatMap((row) => {
      const deposit = this.#next(row, keepers);
      return deposit === undefined ? [] : { row, deposit };
    });
    return choices.toSorted((a, b) => a.deposit.left - b.deposit.left)[0];
  }

  #next(row: FileRow, keepers: readonly Link[]): Deposit | undefined {
    const { clock, limits, isStuck } = this.#options;
    const now = clock.monotonic();
    const deposits = keepers.map((link) => this.#depositOf(row, link));
    const there = deposits.filter(({ isThere }) => isThere);
    for (const deposit of there) {
      if (now - deposit.askedAt < limits.mailRepeatMs) continue;
      deposit.doubt();
      return deposit;
    }
    if (there.length > 0 && !isStuck(row)) return undefined;
    return deposits.find((one) => !one.isThere && this.#dueAt(row, one.link) <= now);
  }

  #dueAt(row: FileRow, link: Link): number {
    return Math.max(this.#pauses.until(keyOf(row, link)), this.#pauses.until(damagedAt(row, link)));
  }

  #depositOf(row: FileRow, link: Link): Deposit {
    const ofFile = this.#deposits.get(row.no) ?? new Map<AgentId, Deposit>();
    this.#deposits.set(row.no, ofFile);
    const known = ofFile.get(link.remote.agentId);
    if (known?.link === link) return known;
    // Over a new link nothing is certain.
    const fresh = new Deposit({ ...this.#options, row, link });
    fresh.reason = known?.reason;
    ofFile.set(link.remote.agentId, fresh);
    return fresh;
  }

  async #advance({ row, deposit }: Choice): Promise<void> {
    const key = keyOf(row, deposit.link);
    try {
      await deposit.advance();
      deposit.reason = undefined;
      this.#pauses.worked(key);
    } catch (error) {
      this.#failed({ row, deposit }, error);
    }
    this.#options.progress(row);
  }

  #failed({ row, deposit }: Choice, error: unknown): void {
    const { limits, logger } = this.#options;
    const { code, data } = toMeshError(error);
    const { retryAfterMs } = data;
    const asked = typeof retryAfterMs === 'number' ? Math.min(retryAfterMs, limits.maxHoldMs) : 0;
    const { blobRetryMs, blobMaxRetryMs, mailMaxRepeatMs } = limits;
    if (code === 'FILE_DAMAGED') {
      // It was sent whole: that is not done again and again.
      this.#pauses.failed(damagedAt(row, deposit.link), { firstMs: blobMaxRetryMs, maxMs: mailMaxRepeatMs });
    } else this.#pauses.failed(keyOf(row, deposit.link), { firstMs: blobRetryMs, maxMs: blobMaxRetryMs }, asked);
    if (code !== 'LINK_CLOSED') deposit.reason = code;
    const { no, message, agent } = row;
    logger.info('file.not-put', { agent, file: no, message, hub: deposit.link.remote.agentId, code: codeOf(error) });
  }

  async #pause(
    woken: Promise<void>,
    { waiting, keepers }: { readonly waiting: readonly FileRow[]; readonly keepers: readonly Link[] },
  ): Promise<void> {
    const { clock, limits } = this.#options;
    const now = clock.monotonic();
    const times = waiting.flatMap((row) =>
      keepers.map((link) => {
        const { isThere, askedAt } = this.#depositOf(row, link);
        return isThere ? askedAt + limits.mailRepeatMs : this.#dueAt(row, link);
      }),
    );
    const due = times.filter((at) => at > now);
    if (due.length === 0) {
      await woken;
      return;
    }
    const over = new AbortController();
    const signal = AbortSignal.any([over.signal, this.#stop.signal]);
    await Promise.race([woken, clock.sleep(Math.min(...due) - now, { signal }).catch(() => undefined)]);
    over.abort();
  }
}

const keyOf = ({ no }: FileRow, { remote }: Link): string => `${no} ${remote.agentId}`;
const damagedAt = (row: FileRow, link: Link): string => `damaged ${keyOf(row, link)}`;
