import type { Clock } from '#kernel';

/** So many a second, counted from one second to the next, and so many of each address. */
export class Pace {
  readonly #clock: Clock;
  readonly #perSecond: number;
  readonly #perAddress: number;
  /** Of this second; no more entries than are allowed in all. */
  readonly #counts = new Map<string, number>();
  #second = Number.NEGATIVE_INFINITY;
  #count = 0;

  constructor(clock: Clock, perSecond: number, perAddress = perSecond) {
    this.#clock = clock;
    this.#perSecond = perSecond;
    this.#perAddress = perAddress;
  }

  get isUsedUp(): boolean {
    this.#look();
    return this.#count >= this.#perSecond;
  }

  take(address = ''): boolean {
    this.#look();
    const before = this.#counts.get(address) ?? 0;
    // One address that says too much takes nothing from the others.
    if (this.#count >= this.#perSecond || before >= this.#perAddress) return false;
    this.#count += 1;
    this.#counts.set(address, before + 1);
    return true;
  }

  #look(): void {
    const second = Math.floor(this.#clock.monotonic() / 1000);
    if (second === this.#second) return;
    this.#second = second;
    this.#count = 0;
    this.#counts.clear();
  }
}
