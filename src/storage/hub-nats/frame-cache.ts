/** Bytes of records that were written or read last, so that who is online costs no reading. */
export class FrameCache {
  readonly #maxBytes: number;
  readonly #kept = new Map<string, Uint8Array>();
  readonly #reading = new Map<string, Promise<Uint8Array | undefined>>();
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  keep(key: string, data: Uint8Array): void {
    this.#bytes += data.length - (this.#kept.get(key)?.length ?? 0);
    this.#kept.delete(key);
    this.#kept.set(key, data);
    for (const [oldest, bytes] of this.#kept) {
      if (this.#bytes <= this.#maxBytes) break;
      this.#kept.delete(oldest);
      this.#bytes -= bytes.length;
    }
  }

  /** Several that want the same read it once. */
  get(key: string, read: () => Promise<Uint8Array | undefined>): Promise<Uint8Array | undefined> {
    const known = this.#kept.get(key);
    if (known !== undefined) return Promise.resolve(known);
    let reading = this.#reading.get(key);
    if (reading === undefined) {
      reading = read().finally(() => this.#reading.delete(key));
      this.#reading.set(key, reading);
      void reading.then((data) => data && this.keep(key, data)).catch(() => {});
    }
    return reading;
  }

  clear(): void {
    this.#kept.clear();
    this.#bytes = 0;
  }
}
