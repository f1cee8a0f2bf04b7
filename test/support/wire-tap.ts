import { createServer, connect, type Server, type Socket } from 'node:net';

/** A TCP relay between two nodes that keeps everything that passes, as somebody in between would. */
export class WireTap implements AsyncDisposable {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #seen: Buffer[] = [];
  #target = 0;

  private constructor() {
    this.#server = createServer((near) => {
      const far = connect(this.#target, '127.0.0.1');
      this.#relay(near, far);
      this.#relay(far, near);
    });
  }

  static async start(): Promise<WireTap> {
    const tap = new WireTap();
    await new Promise<void>((resolve) => tap.#server.listen(0, '127.0.0.1', resolve));
    return tap;
  }

  /** Where nodes connect to; what they say goes on to the port of `target`. */
  get url(): string {
    const address = this.#server.address();
    return `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
  }

  target(port: number): void {
    this.#target = port;
  }

  /** Everything that passed, in both directions. */
  get seen(): Buffer {
    return Buffer.concat(this.#seen);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #relay(from: Socket, to: Socket): void {
    this.#sockets.add(from);
    from.on('data', (chunk: Buffer) => {
      this.#seen.push(chunk);
      to.write(chunk);
    });
    from.on('close', () => to.destroy());
    from.on('error', () => to.destroy());
  }
}
