import type { SubjectLog } from './subject-log.ts';

/** Logs that were used last, as this process knows them. One that something failed with is read anew. */
export class LogCache<T extends { readonly log: SubjectLog }> {
  readonly #max: number;
  readonly #open: (key: string) => T;
  readonly #kept = new Map<string, T>();

  constructor(max: number, open: (key: string) => T) {
    this.#max = max;
    this.#open = open;
  }

  async use<R>(key: string, work: (log: T) => Promise<R>): Promise<R> {
    const log = this.#kept.get(key) ?? (await this.#load(key));
    this.#kept.delete(key);
    this.#kept.set(key, log);
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= this.#max) break;
      this.#kept.delete(oldest);
    }
    try {
      return await work(log);
    } catch (error) {
      if (this.#kept.get(key) === log) this.#kept.delete(key);
      throw error;
    }
  }

  forget(key: string): void {
    this.#kept.delete(key);
  }

  clear(): void {
    this.#kept.clear();
  }

  async #load(key: string): Promise<T> {
    const log = this.#open(key);
    await log.log.refresh();
    // Whoever loaded it meanwhile has the one that counts.
    const known = this.#kept.get(key);
    if (known !== undefined) return known;
    this.#kept.set(key, log);
    return log;
  }
}
