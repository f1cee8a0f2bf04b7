/** Reads a stream of pieces of any size as bytes in order. Holds one piece at a time. */
export class ByteReader {
  readonly #pieces: AsyncIterator<Uint8Array>;
  #piece: Uint8Array = new Uint8Array();

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#pieces = source[Symbol.asyncIterator]();
  }

  /** Fewer bytes than asked for only at the end of the stream. */
  async read(length: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(length);
    let filled = 0;
    while (filled < length) {
      const part = await this.some(length - filled);
      if (part.length === 0) break;
      bytes.set(part, filled);
      filled += part.length;
    }
    return bytes.subarray(0, filled);
  }

  /** From 1 to `most` bytes, as many as are at hand; none at the end of the stream. */
  async some(most: number): Promise<Uint8Array> {
    if (!(await this.#fill())) return new Uint8Array();
    const part = this.#piece.subarray(0, most);
    this.#piece = this.#piece.subarray(part.length);
    return part;
  }

  /** True when nothing follows. */
  async isAtEnd(): Promise<boolean> {
    return !(await this.#fill());
  }

  /** Lets go of the source. */
  async close(): Promise<void> {
    await this.#pieces.return?.();
  }

  async #fill(): Promise<boolean> {
    while (this.#piece.length === 0) {
      const next = await this.#pieces.next();
      if (next.done === true) return false;
      this.#piece = next.value;
    }
    return true;
  }
}
