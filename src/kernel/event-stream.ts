/** Many readers of one stream of events; a reader that falls `capacity` behind loses the oldest and is told how many. */
export class EventStream<E> {
  readonly #readers = new Set<Reader<E>>();
  readonly #capacity: number;
  #closed = false;

  constructor(capacity = 10_000) {
    this.#capacity = capacity;
  }

  /** True when somebody listens: expensive events need not be made otherwise. */
  get observed(): boolean {
    return this.#readers.size > 0;
  }

  emit(event: E): void {
    for (const reader of this.#readers) {
      if (reader.queue.length >= this.#capacity) {
        reader.queue.shift();
        reader.missed += 1;
      }
      reader.queue.push(event);
      reader.wake();
    }
  }

  close(): void {
    this.#closed = true;
    for (const reader of this.#readers) reader.wake();
  }

  /** Starts listening at once; iterate to read. Ends when the stream closes or the signal aborts. */
  subscribe(options: { readonly signal?: AbortSignal } = {}): AsyncIterable<E> & { missed(): number } {
    const reader: Reader<E> = { queue: [], missed: 0, wake: () => {} };
    this.#readers.add(reader);
    options.signal?.addEventListener('abort', () => reader.wake(), { once: true });
    const ended = (): boolean => this.#closed || options.signal?.aborted === true;
    return { missed: () => reader.missed, [Symbol.asyncIterator]: () => this.#read(reader, ended) };
  }

  async *#read(reader: Reader<E>, ended: () => boolean): AsyncGenerator<E, void, undefined> {
    try {
      for (;;) {
        const event = reader.queue.shift();
        if (event !== undefined) {
          yield event;
          continue;
        }
        if (ended()) return;
        await new Promise<void>((resolve) => {
          reader.wake = resolve;
        });
      }
    } finally {
      this.#readers.delete(reader);
    }
  }
}

interface Reader<E> {
  readonly queue: E[];
  missed: number;
  wake: () => void;
}
