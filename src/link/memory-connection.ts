import { copyBytes, discardBytes } from '#kernel';
import { brokenEnd, type Connection, type ConnectionEnd, type ReceiveLimit, waterMarks } from './connection.ts';
import { InboundQueue } from './inbound-queue.ts';

export interface MemoryConnectionOptions {
  /**
   * Runs a delivery later and in the order asked; the next turn of the event loop by default. A simulator gives its
   * own.
   */
  readonly schedule?: (deliver: () => void) => void;
  /** What the two ends call each other; `memory` by default. */
  readonly address?: string;
}

/** Both ends of a connection inside one process. Bytes are copied and arrive later, as over a network. */
export function memoryConnections(options: MemoryConnectionOptions = {}): readonly [Connection, Connection] {
  const { schedule = (deliver) => void setImmediate(deliver), address = 'memory' } = options;
  return MemoryConnection.pair(address, schedule);
}

class MemoryConnection implements Connection {
  readonly address: string;
  readonly #schedule: (deliver: () => void) => void;
  readonly #inbound: InboundQueue;
  readonly #ended = Promise.withResolvers<ConnectionEnd>();
  /** Itself until `pair` has made the other end. */
  #peer: MemoryConnection = this;
  #underWay: (Uint8Array | ConnectionEnd)[] = [];
  #scheduled = false;
  #buffered = 0;
  #closing = false;
  readonly #waiting: (() => void)[] = [];
  #limit: ReceiveLimit | undefined;
  #limited = 0;

  static pair(address: string, schedule: (deliver: () => void) => void): readonly [Connection, Connection] {
    const first = new MemoryConnection(address, schedule);
    const second = new MemoryConnection(address, schedule);
    first.#peer = second;
    second.#peer = first;
    return [first, second];
  }

  private constructor(address: string, schedule: (deliver: () => void) => void) {
    this.address = address;
    this.#schedule = schedule;
    this.#inbound = new InboundQueue((bytes) => this.#peer.#passedOn(bytes));
  }

  get closed(): Promise<ConnectionEnd> {
    return this.#ended.promise;
  }

  get bufferedBytes(): number {
    return this.#buffered;
  }

  send(bytes: Uint8Array, onPassedOn?: () => void): boolean {
    if (this.#closing) return false;
    this.#buffered += bytes.length;
    this.#post(copyBytes(bytes));
    onPassedOn?.();
    return true;
  }

  async drained(): Promise<void> {
    if (this.#buffered <= waterMarks.highBytes || this.#closing) return;
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  receive(): Promise<Uint8Array | undefined> {
    return this.#inbound.receive();
  }

  discard(message: Uint8Array): void {
    discardBytes(message);
  }

  limitReceive(limit?: ReceiveLimit): void {
    this.#limit = limit;
    this.#limited = 0;
  }

  close(code: number, reason: string): void {
    if (this.#closing) return;
    this.#closing = true;
    this.#inbound.end({ drop: true });
    this.#wakeWriters();
    this.#post({ code, reason });
  }

  cut(): void {
    const peer = this.#peer;
    for (const end of [this, peer]) {
      // Later messages are lost as well: an earlier delivery that is scheduled already would take them along.
      end.#closing = true;
      end.#underWay = [];
    }
    this.#schedule(() => {
      this.#end(brokenEnd);
      peer.#end(brokenEnd);
    });
  }

  #post(item: Uint8Array | ConnectionEnd): void {
    this.#underWay.push(item);
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#schedule(() => {
      this.#scheduled = false;
      const items = this.#underWay;
      this.#underWay = [];
      for (const arrived of items) this.#deliver(arrived);
    });
  }

  #deliver(item: Uint8Array | ConnectionEnd): void {
    if (item instanceof Uint8Array) {
      this.#peer.#arrive(item);
      return;
    }
    this.#peer.#end(item);
    this.#end(item);
  }

  #arrive(bytes: Uint8Array): void {
    if (this.#closing) return;
    this.#limited += bytes.length;
    if (this.#limit !== undefined && this.#limited > this.#limit.maxBytes) this.#limit.onExceeded();
    else this.#inbound.push(bytes);
  }

  #passedOn(bytes: number): void {
    this.#buffered -= bytes;
    if (this.#buffered <= waterMarks.lowBytes) this.#wakeWriters();
  }

  #end(end: ConnectionEnd): void {
    this.#closing = true;
    this.#inbound.end();
    this.#wakeWriters();
    this.#ended.resolve(end);
  }

  #wakeWriters(): void {
    for (const wake of this.#waiting.splice(0)) wake();
  }
}
