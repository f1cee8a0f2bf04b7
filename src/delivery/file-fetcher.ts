import type { ErrorCode } from '#kernel';
import type { Link } from '#link';
import { BlobWindow } from './blob-window.ts';
import { type FetchOptions, FileFetch, type WantedFile } from './file-fetch.ts';

export interface FetcherOptions extends FetchOptions {
  /** Files of the peer that are not here, oldest first. */
  wanted(): readonly WantedFile[];
  /** The link to the peer, while files may be taken from it. */
  link(): Link | undefined;
}

/**
 * Pulls the files that one peer announced over whatever link to it is up: always the file that needs least, so that a small one is not kept
 * waiting by a large one (spec §10.4).
 */
export class FileFetcher {
  readonly #options: FetcherOptions;
  readonly #fetches = new Map<number, FileFetch>();
  readonly #window: BlobWindow;
  readonly #stop = new AbortController();
  #current: FileFetch | undefined;
  #useless: Link | undefined;
  /** What is wanted may be something else now. */
  #isStale = true;
  #woken = Promise.withResolvers<void>();
  #running: Promise<void> | undefined;

  constructor(options: FetcherOptions) {
    this.#options = options;
    this.#window = new BlobWindow(options);
  }

  /** There is a link, a file to fetch, or one that is not wanted any more. */
  wake(): void {
    this.#isStale = true;
    this.#goOn();
  }

  /** Why a file does not go on although it is wanted; undefined while it does, or nothing was tried. */
  reasonOf(no: number): ErrorCode | undefined {
    return this.#fetches.get(no)?.reason;
  }

  /** Chunks that are here for good, of a file that is being fetched. */
  haveOf(no: number): number | undefined {
    return this.#fetches.get(no)?.have;
  }

  /** What was received is on the disk when it resolves. */
  async close(): Promise<void> {
    this.#stop.abort();
    this.#window.close();
    this.#woken.resolve();
    await this.#running;
    await Promise.all([...this.#fetches.values()].map((fetch) => fetch.close()));
    this.#fetches.clear();
  }

  #goOn(): void {
    if (this.#stop.signal.aborted) return;
    this.#woken.resolve();
    this.#running ??= this.#run();
  }

  async #run(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      const woken = Promise.withResolvers<void>();
      this.#woken = woken;
      if (this.#isStale) this.#refresh();
      const link = this.#options.link();
      const next = link === undefined || link === this.#useless ? undefined : this.#choose();
      if (link === undefined || next === undefined) await this.#pause(woken.promise);
      else await next.advance(link);
    }
  }

  #refresh(): void {
    this.#isStale = false;
    const wanted = new Map(this.#options.wanted().map((one) => [one.row.no, one]));
    for (const [no, fetch] of this.#fetches) {
      if (wanted.has(no) && !fetch.isOver) continue;
      this.#fetches.delete(no);
      void fetch.close();
    }
    for (const [no, one] of wanted) if (!this.#fetches.has(no)) this.#fetches.set(no, this.#begin(one));
  }

  #begin(wanted: WantedFile): FileFetch {
    const onUseless = (link: Link): void => {
      this.#useless = link;
    };
    const onChange = (): void => {
      if (this.#fetches.get(wanted.row.no)?.isOver === true) this.#fetches.delete(wanted.row.no);
      this.#goOn();
    };
    return new FileFetch({ ...this.#options, wanted, window: this.#window, onUseless, onChange });
  }

  /** A chunk that was begun first, then the file of which least is missing. */
  #choose(): FileFetch | undefined {
    const now = this.#options.clock.monotonic();
    if (this.#current?.isMidChunk === true && this.#current.isReady(now)) return this.#current;
    let best: FileFetch | undefined;
    for (const fetch of this.#fetches.values()) {
      if (fetch.isReady(now) && (best === undefined || fetch.left < best.left)) best = fetch;
    }
    this.#current = best;
    return best;
  }

  /** Until something changes, or what failed is due again. */
  async #pause(woken: Promise<void>): Promise<void> {
    const { clock } = this.#options;
    const now = clock.monotonic();
    const times = [...this.#fetches.values()].map(({ notBefore }) => notBefore).filter((at) => at > now);
    if (times.length === 0) {
      await woken;
      return;
    }
    const over = new AbortController();
    const signal = AbortSignal.any([over.signal, this.#stop.signal]);
    await Promise.race([woken, clock.sleep(Math.min(...times) - now, { signal }).catch(() => undefined)]);
    over.abort();
  }
}
