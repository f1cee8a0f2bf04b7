import type { Clock, ErrorCode, Limits } from '#kernel';

/** The peer wants no messages for a while: its inbox is full, or too much came in too short a time (spec 6.10). */
export interface Held {
  readonly code: ErrorCode;
  /** ms since 1970, for people. */
  readonly until: number;
}

export interface HoldPorts {
  readonly clock: Clock;
  readonly limits: Pick<Limits, 'inFlightFrames' | 'maxHoldMs'>;
  readonly signal: AbortSignal;
  /** True while frames of before may still come back. */
  isUnderWay(): boolean;
  onHeld(held: Held): void;
  /** Frames that were refused go again, in order from the first. */
  onResume(): void;
  /** Something more may be sealed. */
  onRoom(): void;
}

/**
 * `asked`: the peer took a frame and asks for a pause: no messages are sealed, what is sealed goes on. `refused`: it took none of them:
 * they come back and wait. `due`: the pause is over, and a frame without messages asks whether there is room.
 */
type State = 'open' | 'asked' | 'refused' | 'due';

/**
 * Whether messages go to the peer, and how many frames may be under way. After a pause that is one at first, and one more with each that
 * the peer takes without a word: what is sealed cannot be overtaken or cancelled any more.
 */
export class Hold {
  readonly #ports: HoldPorts;
  #state: State = 'open';
  #window: number;
  #held: Held | undefined;
  /** Which pause a timer belongs to. */
  #pauses = 0;
  #isOver = false;

  constructor(ports: HoldPorts) {
    this.#ports = ports;
    this.#window = ports.limits.inFlightFrames;
  }

  /** While no messages are to be sealed. */
  get held(): Held | undefined {
    return this.#held;
  }

  /** Nothing is written: the peer takes no frame before the one that it refused first. */
  get stops(): boolean {
    return this.#state === 'refused';
  }

  /** A frame without messages is to be sealed, whose answer tells whether there is room. */
  get probeDue(): boolean {
    return this.#state === 'due';
  }

  /** No pause was asked for lately. */
  get isWide(): boolean {
    return this.#window >= this.#ports.limits.inFlightFrames;
  }

  /** Frames that may be under way together. */
  get window(): number {
    return this.#window;
  }

  /** The peer took a frame, and said what it said of a pause. */
  taken(pause: { readonly code: ErrorCode; readonly ms: number } | undefined): void {
    if (pause !== undefined) {
      this.#begin('asked', pause);
      return;
    }
    this.#widen();
    if (this.#state === 'open' || this.#state === 'refused') return;
    this.#open();
    this.#ports.onRoom();
  }

  /** A mailbox took a frame for the peer, which says nothing of a pause that the peer asked for. */
  kept(): void {
    if (this.#state === 'open' || this.#state === 'refused') this.#widen();
  }

  /** The peer refused a frame until a time. What was under way behind it comes back too, and waits with it. */
  refused(pause: { readonly code: ErrorCode; readonly ms: number }): void {
    if (this.#state === 'refused') this.check();
    else this.#begin('refused', pause);
  }

  /** Frames that were refused go again once the time is over and nothing is under way any more. */
  check(): void {
    if (this.#state !== 'refused' || !this.#isOver || this.#ports.isUnderWay()) return;
    this.#open();
    this.#ports.onResume();
  }

  /** A frame goes that asks. */
  probed(): void {
    if (this.#state === 'due') this.#state = 'asked';
  }

  #widen(): void {
    this.#window = Math.min(this.#ports.limits.inFlightFrames, this.#window + 1);
  }

  #open(): void {
    this.#state = 'open';
    this.#held = undefined;
  }

  #begin(state: 'asked' | 'refused', { code, ms }: { readonly code: ErrorCode; readonly ms: number }): void {
    const { clock, limits, signal, onHeld } = this.#ports;
    const pauseMs = Math.min(ms, limits.maxHoldMs);
    const isNews = this.#held?.code !== code || this.#isOver;
    this.#held = { code, until: clock.now() + pauseMs };
    this.#state = state;
    this.#isOver = false;
    this.#window = 1;
    this.#pauses += 1;
    const pause = this.#pauses;
    if (isNews) onHeld(this.#held);
    void clock.sleep(pauseMs, { signal }).then(
      () => this.#end(pause),
      () => undefined,
    );
  }

  #end(pause: number): void {
    if (pause !== this.#pauses || this.#state === 'open') return;
    this.#isOver = true;
    if (this.#state === 'refused') {
      this.check();
      return;
    }
    this.#state = 'due';
    this.#ports.onRoom();
  }
}
