const most = 10_000;

/** Messages of which a turn began whose end was not heard: the latest of them. */
export class Unsettled {
  readonly #ids = new Set<string>();

  has(messageId: string): boolean {
    return this.#ids.has(messageId);
  }

  add(messageId: string): void {
    this.#ids.add(messageId);
    const [oldest] = this.#ids;
    if (this.#ids.size > most && oldest !== undefined) this.#ids.delete(oldest);
  }

  delete(messageId: string): void {
    this.#ids.delete(messageId);
  }
}
