import type { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

export interface Flow {
  readonly held: boolean;
  readonly breaking: boolean;
  readonly slow: { readonly latencyMs: number; readonly bytesPerSecond: number } | undefined;
}

/** Small pieces, such as the first words of a link, go through whole. */
const breaksFromBytes = 400;

/** Carries bytes from one socket to another, as the flow allows. */
export class Pump {
  readonly #from: Socket;
  readonly #to: Socket;
  readonly #cut: () => void;
  #flow: Flow = { held: false, breaking: false, slow: undefined };
  #changed = Promise.withResolvers<void>();
  #stopped = false;

  /** `cut` breaks the whole connection. */
  constructor(from: Socket, to: Socket, cut: () => void) {
    this.#from = from;
    this.#to = to;
    this.#cut = cut;
    void this.#run();
  }

  set(flow: Flow): void {
    this.#flow = flow;
    this.#changed.resolve();
    this.#changed = Promise.withResolvers<void>();
  }

  /** What it has not passed on is lost. */
  stop(): void {
    this.#stopped = true;
    this.#changed.resolve();
  }

  async #run(): Promise<void> {
    try {
      for await (const chunk of this.#from) {
        if (chunk instanceof Uint8Array) await this.#pass(chunk);
        // Leaving would close the socket, and its far end would know.
        if (this.#stopped) await new Promise(() => {});
      }
    } catch {
      // The socket is gone; its owner hears of it.
    }
  }

  async #pass(chunk: Uint8Array): Promise<void> {
    while (this.#flow.held && !this.#stopped) await this.#changed.promise;
    const { slow, breaking } = this.#flow;
    if (slow !== undefined) await delay(slow.latencyMs + (chunk.length * 1000) / slow.bytesPerSecond);
    if (this.#stopped || this.#to.destroyed) return;
    if (breaking && chunk.length >= breaksFromBytes) {
      this.#to.write(chunk.subarray(0, Math.floor(chunk.length / 2)), () => this.#cut());
      return;
    }
    if (!this.#to.write(chunk)) await this.#drained();
  }

  #drained(): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        this.#to.off('drain', done);
        this.#to.off('close', done);
        resolve();
      };
      this.#to.once('drain', done);
      this.#to.once('close', done);
    });
  }
}
