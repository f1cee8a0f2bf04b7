import type { Clock, Limits } from '#kernel';

export interface BlobWindowOptions {
  readonly clock: Clock;
  readonly limits: Pick<Limits, 'minBlobWindowBytes' | 'maxBlobWindowBytes' | 'blobWindowMs' | 'blobAskBytes'>;
}

/**
 * How much may be asked for and not be there yet: what came in the last quarter of a second. So a fast link is kept busy, and on a slow one
 * no message waits longer than that behind bytes of files, wherever between the two ends they queue up (spec §10.4).
 */
export class BlobWindow {
  readonly #options: BlobWindowOptions;
  #bytes: number;
  #asked = 0;
  #came = 0;
  #since: number;
  #room = Promise.withResolvers<void>();
  #isClosed = false;

  constructor(options: BlobWindowOptions) {
    this.#options = options;
    this.#bytes = options.limits.minBlobWindowBytes;
    this.#since = options.clock.monotonic();
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** For one ask: several of them fill the window, so that the far end always has a next one. */
  get askBytes(): number {
    return Math.min(this.#options.limits.blobAskBytes, Math.max(1, Math.floor(this.#bytes / 4)));
  }

  /** Whoever waits is let go: nothing is asked for any more. */
  close(): void {
    this.#isClosed = true;
    this.#room.resolve();
  }

  /** Resolves with true when so many bytes more may be asked for; they count as asked then. With false once it is closed. */
  async take(bytes: number): Promise<boolean> {
    // Nothing came while nothing was asked for: that says nothing about the link.
    if (this.#asked === 0) this.#measureAnew();
    while (!this.#isClosed && this.#asked > 0 && this.#asked + bytes > this.#bytes) await this.#room.promise;
    if (this.#isClosed) return false;
    this.#asked += bytes;
    return true;
  }

  /** Bytes that were asked for are there. */
  arrived(bytes: number): void {
    this.#came += bytes;
    const { clock, limits } = this.#options;
    const elapsedMs = clock.monotonic() - this.#since;
    if (elapsedMs >= limits.blobWindowMs) {
      const rate = (this.#came / elapsedMs) * limits.blobWindowMs;
      this.#bytes = Math.round(Math.min(limits.maxBlobWindowBytes, Math.max(limits.minBlobWindowBytes, rate)));
      this.#measureAnew();
    }
    this.giveBack(bytes);
  }

  /** Bytes that were asked for will not come, or are there. */
  giveBack(bytes: number): void {
    this.#asked -= bytes;
    this.#room.resolve();
    this.#room = Promise.withResolvers();
  }

  #measureAnew(): void {
    this.#came = 0;
    this.#since = this.#options.clock.monotonic();
  }
}
