import type { Clock, Limits } from '#kernel';
import type { MeshEvent, MissedEvent } from '#api';

/** An event as it is kept: serialized once, for all readers. */
export interface LoggedEvent {
  readonly id: number;
  readonly type: string;
  /** Of the local agent it concerns; absent for what concerns the whole node. */
  readonly agent: string | undefined;
  /** JSON of the event. */
  readonly data: string;
}

export interface EventLogOptions {
  readonly clock: Clock;
  readonly limits: Pick<Limits, 'apiEventsKept' | 'apiEventBytesKept' | 'apiEventsKeptMs'>;
}

export interface ReadOptions {
  /** Id of the last event that the reader has; without it the reader begins with what happens from now on. */
  readonly after?: number | undefined;
  readonly signal: AbortSignal;
}

const batchSize = 256;

/**
 * The last events of the node for readers that come and go. A reader that was away for longer than the events are kept,
 * or reads too slowly, gets one `missed` in their place. Nothing is kept while nobody has read for `apiEventsKeptMs`.
 */
export class EventLog {
  readonly #clock: Clock;
  readonly #limits: EventLogOptions['limits'];
  readonly #kept = new Map<number, LoggedEvent>();
  readonly #waiting = new Set<() => void>();
  /** From the clock, so that ids grow across restarts of the node: no run has 1000 events in every millisecond. */
  readonly #firstId: number;
  #oldestId: number;
  #nextId: number;
  #bytes = 0;
  #readers = 0;
  #lastReadAt = Number.NEGATIVE_INFINITY;
  #closed = false;

  constructor({ clock, limits }: EventLogOptions) {
    this.#clock = clock;
    this.#limits = limits;
    this.#firstId = clock.now() * 1000;
    this.#oldestId = this.#firstId;
    this.#nextId = this.#firstId;
  }

  /** Of the newest event. */
  get lastId(): number {
    return this.#nextId - 1;
  }

  /** True while somebody reads or may come back: events are made only then. */
  get observed(): boolean {
    return this.#readers > 0 || this.#clock.monotonic() - this.#lastReadAt <= this.#limits.apiEventsKeptMs;
  }

  /** Calls `make` only when somebody will see the event. */
  record(make: () => MeshEvent): void {
    if (this.#closed) return;
    const id = this.#nextId;
    this.#nextId += 1;
    if (!this.observed) {
      this.#forgetBefore(this.#nextId);
      return;
    }
    const event = make();
    const { type } = event;
    const data = JSON.stringify(event);
    this.#kept.set(id, { id, type, agent: 'agent' in event ? event.agent : undefined, data });
    this.#bytes += data.length;
    this.#trim();
    for (const wake of this.#waiting) wake();
  }

  /** Readers get what is kept and end; nothing is recorded any more. */
  close(): void {
    this.#closed = true;
    for (const wake of this.#waiting) wake();
  }

  /**
   * Counts as reading from the call on. Yields events in order, as many at once as there are; ends with the log or the
   * signal.
   */
  read(options: ReadOptions): AsyncIterable<readonly LoggedEvent[]> {
    const { after = this.lastId, signal } = options;
    this.#readers += 1;
    let counted = true;
    const leave = (): void => {
      if (!counted) return;
      counted = false;
      this.#readers -= 1;
      this.#lastReadAt = this.#clock.monotonic();
    };
    signal.addEventListener('abort', leave, { once: true });
    return this.#follow(after, signal, leave);
  }

  async *#follow(
    after: number,
    signal: AbortSignal,
    leave: () => void,
  ): AsyncGenerator<readonly LoggedEvent[], void, undefined> {
    let cursor = after;
    try {
      while (!signal.aborted) {
        if (cursor < this.#oldestId - 1 || cursor > this.lastId) {
          yield [this.#missed(cursor)];
          cursor = this.#oldestId - 1;
        } else if (cursor < this.lastId) {
          const batch = this.#batchAfter(cursor);
          cursor += batch.length;
          yield batch;
        } else if (this.#closed) {
          return;
        } else {
          await this.#change(signal);
        }
      }
    } finally {
      leave();
    }
  }

  #batchAfter(cursor: number): readonly LoggedEvent[] {
    const count = Math.min(this.lastId - cursor, batchSize);
    return Array.from({ length: count }, (_, index) => this.#kept.get(cursor + 1 + index)).filter(
      (one) => one !== undefined,
    );
  }

  /** Stands before the oldest event that is kept, so that a reader goes on there. */
  #missed(cursor: number): LoggedEvent {
    const known = cursor >= this.#firstId - 1 && cursor <= this.lastId;
    const event: MissedEvent = { type: 'missed', ...(known ? { count: this.#oldestId - 1 - cursor } : {}) };
    return { id: this.#oldestId - 1, type: event.type, agent: undefined, data: JSON.stringify(event) };
  }

  #change(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        this.#waiting.delete(wake);
        signal.removeEventListener('abort', wake);
        resolve();
      };
      this.#waiting.add(wake);
      signal.addEventListener('abort', wake, { once: true });
    });
  }

  #trim(): void {
    const { apiEventsKept, apiEventBytesKept } = this.#limits;
    while (this.#kept.size > apiEventsKept || (this.#bytes > apiEventBytesKept && this.#kept.size > 1)) {
      this.#forgetBefore(this.#oldestId + 1);
    }
  }

  #forgetBefore(id: number): void {
    // Only those that are kept: the ids of events that nobody saw are not walked through.
    if (this.#kept.size === 0) this.#oldestId = id;
    while (this.#oldestId < id) {
      this.#bytes -= this.#kept.get(this.#oldestId)?.data.length ?? 0;
      this.#kept.delete(this.#oldestId);
      this.#oldestId += 1;
    }
  }
}
