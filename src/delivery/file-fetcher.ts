import type { ErrorCode } from '#kernel';
import type { Link } from '#link';
import { BlobWindow } from './blob-window.ts';
import { type FetchOptions, FileFetch } from './file-fetch.ts';
import type { WantedFile } from './wanted-file.ts';

export interface FetcherOptions extends FetchOptions {
  /** Files of the peer that are not here, oldest first. */
  wanted(): readonly WantedFile[];
  /** From which files of the peer may be taken now, best first. Asked while there are some to fetch. */
  links(): readonly Link[];
  /** There is nothing to fetch. */
  onIdle?(): void;
}

/**
 * Pulls the files that one peer announced, from it or from who keeps them for it: always the file that needs least, so that a small one is not kept
 * waiting by a large one (spec §10.4).
 */
export class FileFetcher {
  readonly #options: FetcherOptions;
  readonly #fetches = new Map<number, FileFetch>();
  readonly #window: BlobWindow;
  readonly #stop = new AbortController();
  #current: FileFetch | undefined;
  readonly #useless = new WeakSet<Link>();
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
      const links = this.#links();
      const next = this.#choose(links);
      if (next === undefined) await this.#pause(woken.promise, links);
      else await next.fetch.advance(next.link);
    }
  }

  #links(): readonly Link[] {
    const { links, onIdle } = this.#options;
    if (this.#fetches.size > 0) return links().filter((link) => !this.#useless.has(link));
    onIdle?.();
    return [];
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
      this.#useless.add(link);
    };
    const onChange = (): void => {
      if (this.#fetches.get(wanted.row.no)?.isOver === true) this.#fetches.delete(wanted.row.no);
      this.#goOn();
    };
    return new FileFetch({ ...this.#options, wanted, window: this.#window, onUseless, onChange });
  }

  /** A chunk that was begun first, then the file of which least is missing. */
  #choose(links: readonly Link[]): { readonly fetch: FileFetch; readonly link: Link } | undefined {
    const begun = this.#current?.isMidChunk === true ? this.#current.wayOf(links) : undefined;
    if (this.#current !== undefined && begun !== undefined) return { fetch: this.#current, link: begun };
    let best: { readonly fetch: FileFetch; readonly link: Link } | undefined;
    for (const fetch of this.#fetches.values()) {
      const link = fetch.wayOf(links);
      if (link !== undefined && (best === undefined || fetch.left < best.fetch.left)) best = { fetch, link };
    }
    this.#current = best?.fetch;
    return best;
  }

  /** Until something changes, or what failed is due again. */
  async #pause(woken: Promise<void>, links: readonly Link[]): Promise<void> {
    const { clock } = this.#options;
    const now = clock.monotonic();
    const times = [...this.#fetches.values()].map((fetch) => fetch.dueAt(links)).filter((at) => at > now);
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
