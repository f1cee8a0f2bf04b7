import { type Clock, type Limits, MeshError } from '#kernel';
import type { LinkOperation } from '#protocol';
import type { BlobAsk } from './link.ts';

export interface BlobAsksOptions {
  readonly clock: Clock;
  readonly limits: Pick<Limits, 'linkRequestMs'>;
  /** The number of the next question on the link, whatever it asks for. */
  nextNumber(): number;
  write(operation: LinkOperation): void;
}

interface Open {
  /** Bytes that are still to come. */
  left: number;
  /** Absent when nobody waits any more: what comes late is no fault of the far end. */
  onPiece: ((bytes: Uint8Array) => void) | undefined;
  readonly done: PromiseWithResolvers<void>;
}

/** Bytes of blobs asked for over a link. How much may be asked for at once is for the caller to say (spec §10.4). */
export class BlobAsks {
  readonly #options: BlobAsksOptions;
  readonly #open = new Map<number, Open>();
  readonly #over = new AbortController();
  #ended: MeshError | undefined;
  #heardAt = 0;
  #watching = false;

  constructor(options: BlobAsksOptions) {
    this.#options = options;
  }

  /** Rejects with TIMEOUT when nothing comes for a while, with what the far end says, and when the link ends. */
  ask(ask: BlobAsk, onPiece: (bytes: Uint8Array) => void): Promise<void> {
    if (this.#ended !== undefined) return Promise.reject(this.#ended);
    const n = this.#options.nextNumber();
    const open: Open = { left: ask.bytes, onPiece, done: Promise.withResolvers() };
    // Silence counts while something is asked for.
    if (this.#waiting().length === 0) this.#heardAt = this.#options.clock.monotonic();
    this.#open.set(n, open);
    this.#options.write({ op: 'blob.get', n, ...ask });
    if (!this.#watching) void this.#watch();
    return open.done.promise;
  }

  /** False when that was not asked for. */
  taken(n: number, bytes: Uint8Array): boolean {
    const open = this.#open.get(n);
    if (open === undefined || bytes.length > open.left) return false;
    this.#heardAt = this.#options.clock.monotonic();
    open.left -= bytes.length;
    if (open.left === 0) this.#open.delete(n);
    try {
      open.onPiece?.(bytes);
    } catch (error) {
      open.onPiece = undefined;
      open.done.reject(error);
    }
    if (open.left === 0) open.done.resolve();
    return true;
  }

  /** False when that was not asked for. */
  refused(n: number, error: MeshError): boolean {
    const open = this.#open.get(n);
    this.#open.delete(n);
    open?.done.reject(error);
    return open !== undefined;
  }

  end(error: MeshError): void {
    this.#ended = error;
    this.#over.abort();
    for (const { done } of this.#open.values()) done.reject(error);
    this.#open.clear();
  }

  /** A far end that is asked and sends nothing is given up; the link may serve for other things. */
  async #watch(): Promise<void> {
    const { clock, limits } = this.#options;
    this.#watching = true;
    try {
      while (this.#waiting().length > 0) {
        const leftMs = limits.linkRequestMs - (clock.monotonic() - this.#heardAt);
        if (leftMs > 0) await clock.sleep(leftMs, { signal: this.#over.signal });
        else this.#giveUp();
      }
    } catch {
      // The link ended, and whoever waited was told.
    }
    this.#watching = false;
  }

  #waiting(): readonly Open[] {
    return [...this.#open.values()].filter(({ onPiece }) => onPiece !== undefined);
  }

  #giveUp(): void {
    const { linkRequestMs } = this.#options.limits;
    for (const open of this.#waiting()) {
      open.onPiece = undefined;
      open.done.reject(new MeshError('TIMEOUT', `No bytes of the file came within ${linkRequestMs} ms`));
    }
  }
}
