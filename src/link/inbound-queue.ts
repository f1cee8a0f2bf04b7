/** Messages that came in and wait for the one reader. Ending keeps what is there readable, unless it is dropped. */
export class InboundQueue {
  readonly #onTaken: (bytes: number) => void;
  #messages: Uint8Array[] = [];
  #next = 0;
  #bytes = 0;
  #ended = false;
  #reader: ((message: Uint8Array | undefined) => void) | undefined;

  /** `onTaken` hears the length of each message as the reader takes it. */
  constructor(onTaken: (bytes: number) => void) {
    this.#onTaken = onTaken;
  }

  /** Bytes that wait for the reader. */
  get bytes(): number {
    return this.#bytes;
  }

  push(message: Uint8Array): void {
    if (this.#ended) return;
    const reader = this.#reader;
    if (reader === undefined) {
      this.#messages.push(message);
      this.#bytes += message.length;
      return;
    }
    this.#reader = undefined;
    this.#onTaken(message.length);
    reader(message);
  }

  receive(): Promise<Uint8Array | undefined> {
    const message = this.#messages[this.#next];
    if (message !== undefined) {
      this.#take(message);
      return Promise.resolve(message);
    }
    if (this.#ended) return Promise.resolve(undefined);
    return new Promise((resolve) => {
      this.#reader = resolve;
    });
  }

  /** No more will come. */
  end(options: { readonly drop?: boolean } = {}): void {
    this.#ended = true;
    if (options.drop === true) {
      this.#messages = [];
      this.#next = 0;
      this.#bytes = 0;
    }
    this.#reader?.(undefined);
    this.#reader = undefined;
  }

  #take(message: Uint8Array): void {
    this.#next += 1;
    this.#bytes -= message.length;
    if (this.#next === this.#messages.length) {
      this.#messages = [];
      this.#next = 0;
    }
    this.#onTaken(message.length);
  }
}
