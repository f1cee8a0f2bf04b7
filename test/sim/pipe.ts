import type { ConnectionEnd } from '#link';
import type { SeededRandom } from './seeded-random.ts';
import type { Timeline } from './timeline.ts';

type Item = { readonly at: number } & ({ readonly bytes: Uint8Array } | { readonly end: ConnectionEnd });

export interface PipeOptions {
  readonly timeline: Timeline;
  readonly random: SeededRandom;
  /** How long the next message takes. */
  latencyMs(): number;
  /** Nothing arrives for now. */
  isBlocked(): boolean;
  deliver(bytes: Uint8Array): void;
  /** The far side hears how it ended. */
  deliverEnd(end: ConnectionEnd): void;
}

/** One direction of a connection: in order, each message a while after it was written, until it is cut. */
export class Pipe {
  readonly #options: PipeOptions;
  #items: Item[] = [];
  #lastAt = 0;
  #armed = false;
  #isCut = false;
  /** Bytes under way. */
  bytes = 0;

  constructor(options: PipeOptions) {
    this.#options = options;
  }

  /** Messages under way. */
  get length(): number {
    return this.#items.length;
  }

  write(bytes: Uint8Array): void {
    if (this.#isCut) return;
    this.bytes += bytes.length;
    this.#push({ bytes, at: this.#arrival(this.#options.latencyMs()) });
  }

  /** What was written before still arrives. */
  finish(end: ConnectionEnd, afterMs = this.#options.latencyMs()): void {
    if (this.#isCut) return;
    this.#push({ end, at: this.#arrival(afterMs) });
    this.#isCut = true;
  }

  /** A part of what is under way is lost: some messages arrive, the one that was being carried in the middle is gone with the rest. */
  lose(): void {
    const kept = this.#options.random.between(0, this.#items.length);
    for (const item of this.#items.splice(kept)) if ('bytes' in item) this.bytes -= item.bytes.length;
  }

  /** Nobody reads it and nobody will. */
  vanish(): void {
    this.#isCut = true;
    this.#items = [];
    this.bytes = 0;
  }

  /** The way is open again. */
  resume(): void {
    this.#arm();
  }

  #arrival(delayMs: number): number {
    this.#lastAt = Math.max(this.#lastAt, this.#options.timeline.now + delayMs);
    return this.#lastAt;
  }

  #push(item: Item): void {
    this.#items.push(item);
    this.#arm();
  }

  #arm(): void {
    const [first] = this.#items;
    const { timeline, isBlocked, random } = this.#options;
    if (first === undefined || this.#armed || isBlocked()) return;
    this.#armed = true;
    timeline.schedule(first.at - timeline.now + random.fraction() / 10, () => {
      this.#armed = false;
      if (!isBlocked()) this.#deliverDue();
      this.#arm();
    });
  }

  #deliverDue(): void {
    const { timeline, deliver, deliverEnd } = this.#options;
    for (let first = this.#items[0]; first !== undefined && first.at <= timeline.now; first = this.#items[0]) {
      this.#items.shift();
      if ('end' in first) deliverEnd(first.end);
      else {
        this.bytes -= first.bytes.length;
        deliver(first.bytes);
      }
    }
  }
}
