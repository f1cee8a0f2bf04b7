export interface FetchOptions {
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

export interface ScanOptions<T> {
  /** Base URLs, as `expandTargets` makes them. */
  readonly targets: readonly string[];
  readonly timeoutMs: number;
  /** How many addresses are asked at once. */
  readonly concurrency: number;
  /** Rejects when there is no node: that is no error of the scan. */
  fetchDocument(url: string, options: FetchOptions): Promise<T>;
  readonly signal?: AbortSignal | undefined;
}

/** `document` is what `fetchDocument` made of the answer. */
export type ScanEvent<T> =
  | { readonly type: 'progress'; readonly done: number; readonly total: number }
  | { readonly type: 'found'; readonly url: string; readonly document: T }
  | { readonly type: 'done'; readonly total: number; readonly found: number };

/**
 * Asks every target and yields nodes as they answer; `done` comes last. Whoever stops reading ends the scan. Throws the
 * reason of the signal.
 */
export async function* scan<T>(options: ScanOptions<T>): AsyncGenerator<ScanEvent<T>, void, undefined> {
  const running = new ScanRun(options);
  try {
    yield* running.events();
  } finally {
    running.stop();
  }
}

class ScanRun<T> {
  readonly #options: ScanOptions<T>;
  readonly #stopped = new AbortController();
  readonly #signal: AbortSignal;
  readonly #hits: { readonly url: string; readonly document: T }[] = [];
  #next = 0;
  #done = 0;
  #wake: () => void = () => {};

  constructor(options: ScanOptions<T>) {
    this.#options = options;
    const { signal } = this.#stopped;
    this.#signal = options.signal === undefined ? signal : AbortSignal.any([signal, options.signal]);
    this.#signal.addEventListener('abort', () => this.#wake(), { once: true });
  }

  stop(): void {
    this.#stopped.abort();
  }

  async *events(): AsyncGenerator<ScanEvent<T>, void, undefined> {
    const total = this.#options.targets.length;
    let found = 0;
    let reported = -1;
    this.#signal.throwIfAborted();
    for (let worker = 0; worker < Math.min(this.#options.concurrency, total); worker += 1) void this.#work();
    for (;;) {
      this.#signal.throwIfAborted();
      const hit = this.#hits.shift();
      if (hit !== undefined) {
        found += 1;
        yield { type: 'found', ...hit };
      } else if (this.#done > reported) {
        // A slow reader gets one report for all that was done meanwhile.
        reported = this.#done;
        yield { type: 'progress', done: reported, total };
      } else if (this.#done === total) {
        break;
      } else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    }
    yield { type: 'done', total, found };
  }

  /** Takes one target after another until none is left; never rejects. */
  async #work(): Promise<void> {
    const { targets, timeoutMs, fetchDocument } = this.#options;
    for (;;) {
      const url = targets[this.#next];
      if (url === undefined || this.#signal.aborted) return;
      this.#next += 1;
      try {
        const document = await fetchDocument(url, { timeoutMs, signal: this.#signal });
        this.#hits.push({ url, document });
      } catch {
        // Nobody there, or something else than a node: most addresses of a range.
      }
      this.#done += 1;
      this.#wake();
    }
  }
}
