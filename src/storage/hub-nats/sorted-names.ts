/** Names of members in order, each with who holds it. */
export class SortedNames {
  readonly #holders = new Map<string, string>();
  readonly #sorted: string[] = [];

  get size(): number {
    return this.#holders.size;
  }

  holderOf(name: string): string | undefined {
    return this.#holders.get(name);
  }

  add(name: string, holder: string): void {
    if (!this.#holders.has(name)) this.#sorted.splice(this.#indexFrom(name), 0, name);
    this.#holders.set(name, holder);
  }

  remove(name: string): void {
    if (!this.#holders.delete(name)) return;
    this.#sorted.splice(this.#indexFrom(name), 1);
  }

  /** Names behind one, with who holds them. */
  *behind(name: string): Generator<{ readonly name: string; readonly holder: string }> {
    const start = this.#indexFrom(name);
    const from = this.#sorted[start] === name ? start + 1 : start;
    for (let index = from; index < this.#sorted.length; index += 1) {
      const next = this.#sorted[index] ?? '';
      yield { name: next, holder: this.#holders.get(next) ?? '' };
    }
  }

  /** The index of the first that is not before the name. */
  #indexFrom(name: string): number {
    let [low, high] = [0, this.#sorted.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#sorted[middle] ?? '') < name) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
