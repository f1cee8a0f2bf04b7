export interface Counted {
  readonly lane: number;
  readonly slot: number;
  readonly count: number;
}

type Undo = Counted | 'loaded';

/**
 * How many rows of a lane are in a slot (or how many bytes they have), kept in memory so that asking costs the same with a
 * million rows. Counted once, when first asked; after that every writer tells what it changed, and a rollback takes it back.
 */
export class Tally {
  readonly #count: () => Iterable<Counted>;
  readonly #undo: Undo[] = [];
  readonly #totals = new Map<number, number>();
  #lanes: Map<number, Map<number, number>> | undefined;

  constructor(count: () => Iterable<Counted>) {
    this.#count = count;
  }

  get(lane: number, slot: number): number {
    return this.#loaded().get(lane)?.get(slot) ?? 0;
  }

  /** The sum of the slot over all lanes. */
  total(slot: number): number {
    this.#loaded();
    return this.#totals.get(slot) ?? 0;
  }

  /** The lanes that hold something. */
  get lanes(): Iterable<number> {
    return this.#loaded().keys();
  }

  /** The slots of the lane that hold something. */
  slots(lane: number): Iterable<readonly [slot: number, count: number]> {
    return this.#loaded().get(lane) ?? [];
  }

  add(lane: number, slot: number, count: number): void {
    if (count === 0 || this.#lanes === undefined) return;
    this.#undo.push({ lane, slot, count: -count });
    this.#change({ lane, slot, count });
  }

  /** A point in the transaction to which `undoTo` goes back. */
  get mark(): number {
    return this.#undo.length;
  }

  undoTo(mark: number): void {
    while (this.#undo.length > mark) {
      const step = this.#undo.pop();
      // Counted inside the transaction that is undone: what it saw may be gone.
      if (step === 'loaded') this.#lanes = undefined;
      else if (step !== undefined) this.#change(step);
    }
  }

  /** The transaction committed. */
  settle(): void {
    this.#undo.length = 0;
  }

  /** Counts again when next asked. */
  reset(): void {
    this.#lanes = undefined;
  }

  #change({ lane, slot, count }: Counted): void {
    if (this.#lanes === undefined) return;
    this.#totals.set(slot, (this.#totals.get(slot) ?? 0) + count);
    let slots = this.#lanes.get(lane);
    if (slots === undefined) {
      slots = new Map();
      this.#lanes.set(lane, slots);
    }
    const now = (slots.get(slot) ?? 0) + count;
    if (now !== 0) slots.set(slot, now);
    else if (slots.delete(slot) && slots.size === 0) this.#lanes.delete(lane);
  }

  #loaded(): Map<number, Map<number, number>> {
    if (this.#lanes !== undefined) return this.#lanes;
    this.#lanes = new Map();
    this.#totals.clear();
    for (const counted of this.#count()) this.#change(counted);
    this.#undo.push('loaded');
    return this.#lanes;
  }
}
