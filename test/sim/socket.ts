import type { Connection, ConnectionEnd, ReceiveLimit } from '#link';
import { brokenEnd, waterMarks } from '../../src/link/connection.ts';
import { InboundQueue } from '../../src/link/inbound-queue.ts';
import type { Life } from './life.ts';
import type { Pipe } from './pipe.ts';

export interface SocketOptions {
  readonly life: Life;
  readonly address: string;
  readonly out: Pipe;
  /** Sees everything that is written. */
  onSend(bytes: Uint8Array): void;
  /** This side said goodbye and waits for that of the other. */
  onClose(end: ConnectionEnd): void;
  /** This side tears the connection down. */
  onCut(): void;
}

/** One end of a connection as the process at it sees it. A process that ended sees nothing more. */
export class Socket implements Connection {
  readonly address: string;
  readonly life: Life;
  readonly #options: SocketOptions;
  readonly #inbound: InboundQueue;
  readonly #ended = Promise.withResolvers<ConnectionEnd>();
  readonly #waiting: (() => void)[] = [];
  #isClosing = false;
  #hasEnded = false;
  #limit: ReceiveLimit | undefined;
  #limited = 0;

  constructor(options: SocketOptions) {
    this.#options = options;
    this.address = options.address;
    this.life = options.life;
    this.#inbound = new InboundQueue(() => this.wakeWriters());
  }

  get closed(): Promise<ConnectionEnd> {
    return this.life.guard(this.#ended.promise);
  }

  /** It said goodbye, or the connection is over. */
  get isClosing(): boolean {
    return this.#isClosing;
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  get bufferedBytes(): number {
    return this.#options.out.bytes;
  }

  send(bytes: Uint8Array): boolean {
    const { life, out, onSend } = this.#options;
    if (this.#isClosing || !life.touch('send')) return false;
    const copy = bytes.slice();
    out.write(copy);
    onSend(copy);
    life.touch('sent');
    return true;
  }

  async drained(): Promise<void> {
    if (this.bufferedBytes <= waterMarks.highBytes || this.#isClosing) return;
    await this.life.guard(new Promise<void>((resolve) => this.#waiting.push(resolve)));
  }

  receive(): Promise<Uint8Array | undefined> {
    return this.life.guard(this.#inbound.receive());
  }

  discard(): void {}

  limitReceive(limit?: ReceiveLimit): void {
    this.#limit = limit;
    this.#limited = 0;
  }

  close(code: number, reason: string): void {
    if (this.#isClosing || !this.life.isAlive) return;
    this.#isClosing = true;
    this.#inbound.end({ drop: true });
    this.#options.out.finish({ code, reason });
    this.#options.onClose({ code, reason });
    this.wakeWriters();
  }

  cut(): void {
    if (this.life.isAlive) this.#options.onCut();
  }

  /** Bytes from the far side. */
  arrive(bytes: Uint8Array): void {
    if (this.#isClosing || !this.life.touch('received')) return;
    this.#limited += bytes.length;
    if (this.#limit !== undefined && this.#limited > this.#limit.maxBytes) this.#limit.onExceeded();
    else this.#inbound.push(bytes);
  }

  end(end: ConnectionEnd = brokenEnd): void {
    if (this.#hasEnded) return;
    this.#isClosing = true;
    this.#hasEnded = true;
    this.#inbound.end();
    this.#ended.resolve(end);
    this.wakeWriters();
  }

  wakeWriters(): void {
    if (this.bufferedBytes > waterMarks.lowBytes && !this.#isClosing) return;
    for (const wake of this.#waiting.splice(0)) wake();
  }
}
