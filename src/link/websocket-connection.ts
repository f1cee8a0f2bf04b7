import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import type { Limits } from '#kernel';
import { brokenEnd, type Connection, type ConnectionEnd, type ReceiveLimit, waterMarks } from './connection.ts';
import { InboundQueue } from './inbound-queue.ts';
import { maxOperationBytes } from './operation-size.ts';
import { ReadBuffers } from './read-buffers.ts';

/** The subprotocol that both ends must name (spec 6). */
export const linkSubprotocol = 'agent-mesh.link.1';

/** The one path of a node that takes WebSockets. */
export const linkPath = '/mesh/v1/link';

/** What both ends ask of the WebSocket library. */
export const webSocketOptions = (limits: Pick<Limits, 'maxHandshakeFrameBytes'>) => ({
  maxPayload: maxOperationBytes(limits),
  // Sealed bytes do not compress, and compressed secrets leak their length.
  perMessageDeflate: false,
  maxFragments: 1024,
  // Messages come with the chunk in which they end, not later: so it is known which chunks are done with.
  allowSynchronousEvents: true,
  // A peer that does not answer the goodbye must not hold the socket.
  closeTimeout: 2000,
});

export interface WebSocketConnectionOptions {
  readonly webSocket: WebSocket;
  /** The socket below, to write many messages at once and to count what comes in. */
  readonly stream: Duplex;
  readonly address: string;
}

/** An open WebSocket as a connection. */
export class WebSocketConnection implements Connection {
  readonly address: string;
  readonly #webSocket: WebSocket;
  readonly #stream: Duplex;
  readonly #buffers = new ReadBuffers();
  readonly #inbound = new InboundQueue(() => this.#resume());
  readonly #ended = Promise.withResolvers<ConnectionEnd>();
  #paused = false;
  #corked = false;
  #closing = false;
  #stopCounting: (() => void) | undefined;

  constructor(options: WebSocketConnectionOptions) {
    this.address = options.address;
    this.#webSocket = options.webSocket;
    this.#stream = options.stream;
    this.#listen();
  }

  get closed(): Promise<ConnectionEnd> {
    return this.#ended.promise;
  }

  get bufferedBytes(): number {
    return this.#webSocket.bufferedAmount;
  }

  send(bytes: Uint8Array, onPassedOn?: () => void): boolean {
    if (this.#webSocket.readyState !== this.#webSocket.OPEN) return false;
    this.#cork();
    this.#webSocket.send(bytes, { binary: true }, onPassedOn && ((error) => error ?? onPassedOn()));
    return true;
  }

  async drained(): Promise<void> {
    if (this.bufferedBytes <= waterMarks.highBytes || this.#closing) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#stream.once('drain', resolve);
    await Promise.race([promise, this.closed]);
    this.#stream.off('drain', resolve);
  }

  receive(): Promise<Uint8Array | undefined> {
    return this.#inbound.receive();
  }

  discard(message: Uint8Array): void {
    this.#buffers.discard(message);
  }

  limitReceive(limit?: ReceiveLimit): void {
    this.#stopCounting?.();
    this.#stopCounting = undefined;
    if (limit === undefined) return;
    let received = 0;
    // Raw bytes are counted, because the library gathers a large message before it hands it over.
    const count = (chunk: Uint8Array): void => {
      received += chunk.length;
      if (received > limit.maxBytes) limit.onExceeded();
    };
    this.#stream.on('data', count);
    this.#stopCounting = () => this.#stream.off('data', count);
  }

  close(code: number, reason: string): void {
    if (this.#closing) return;
    this.#stopReading();
    this.#webSocket.close(code, reason);
  }

  cut(): void {
    this.#stopReading();
    this.#webSocket.terminate();
  }

  #listen(): void {
    const webSocket = this.#webSocket;
    webSocket.on('message', (data, isBinary) => {
      if (data instanceof Uint8Array) this.#buffers.arrived(data);
      if (this.#closing) return;
      if (isBinary && data instanceof Uint8Array) this.#arrive(data);
      else this.close(1003, 'text');
    });
    // The library answers with the same bytes, when the socket takes them.
    webSocket.on('ping', (data) => this.#buffers.keep(data));
    // Before the library gets it: messages come out of it at once.
    this.#stream.prependListener('data', (chunk: Uint8Array) => this.#buffers.read(chunk));
    // The close event follows and tells the code.
    webSocket.on('error', ignoreError);
    webSocket.on('close', (code, reason) => {
      this.#closing = true;
      this.#stopCounting?.();
      this.#inbound.end();
      this.#ended.resolve(code === brokenEnd.code ? brokenEnd : { code, reason: reason.toString('utf8') });
    });
  }

  #arrive(data: Uint8Array): void {
    this.#inbound.push(data);
    if (this.#paused || this.#inbound.bytes <= waterMarks.highBytes) return;
    this.#paused = true;
    this.#webSocket.pause();
  }

  #resume(): void {
    if (!this.#paused || this.#inbound.bytes > waterMarks.lowBytes) return;
    this.#paused = false;
    this.#webSocket.resume();
  }

  #stopReading(): void {
    this.#closing = true;
    this.#stopCounting?.();
    this.#inbound.end({ drop: true });
    // The goodbye of the far end can only be read from a socket that flows.
    this.#resume();
  }

  /** Messages of one turn of the event loop leave in one system call. */
  #cork(): void {
    if (this.#corked) return;
    this.#corked = true;
    this.#stream.cork();
    setImmediate(() => {
      this.#corked = false;
      this.#stream.uncork();
    });
  }
}

const ignoreError = (): void => {};
