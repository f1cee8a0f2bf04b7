const encoder = new TextEncoder();
const bufferedBytes = 64 * 1024;

export interface ByteStreamOptions {
  /** Aborted when the reader goes away; what makes the texts must end by it. */
  readonly gone: AbortController;
}

/** Where a stream is written to. A text is never split, so that several writers may take turns. */
export class ByteStream {
  readonly readable: ReadableStream<Uint8Array>;
  readonly #gone: AbortController;
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  #ready: (() => void) | undefined;

  constructor({ gone }: ByteStreamOptions) {
    this.#gone = gone;
    gone.signal.addEventListener('abort', () => this.#wake(), { once: true });
    this.readable = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#controller = controller;
        },
        pull: () => this.#wake(),
        cancel: () => {
          this.#controller = undefined;
          gone.abort();
        },
      },
      { highWaterMark: bufferedBytes, size: (chunk) => chunk.byteLength },
    );
  }

  /** True when the reader keeps up. */
  get hasRoom(): boolean {
    return (this.#controller?.desiredSize ?? 0) > 0;
  }

  write(text: string): void {
    this.#controller?.enqueue(encoder.encode(text));
  }

  /** Resolves when the reader took enough, or went away. */
  async room(): Promise<void> {
    if (this.hasRoom || this.#gone.signal.aborted) return;
    await new Promise<void>((resolve) => {
      this.#ready = resolve;
    });
  }

  end(): void {
    const controller = this.#controller;
    this.#controller = undefined;
    controller?.close();
  }

  #wake(): void {
    const ready = this.#ready;
    this.#ready = undefined;
    ready?.();
  }
}
