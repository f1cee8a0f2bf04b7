import { connect, createServer, type Server } from 'node:net';

/** What stands before a gateway that others than its own machine reach: it tells the gateway where a client comes from. */
export class ReverseProxy implements AsyncDisposable {
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(gatewayPort: number): Promise<ReverseProxy> {
    const server = createServer((client) => {
      const gateway = connect(gatewayPort, '127.0.0.1');
      client.once('data', (head) => {
        const text = head.toString('latin1').replace('\r\n', '\r\nX-Forwarded-For: 192.0.2.9\r\n');
        gateway.write(Buffer.from(text, 'latin1'));
        client.pipe(gateway);
      });
      gateway.pipe(client);
      for (const socket of [client, gateway]) {
        socket.on('error', () => undefined);
        socket.on('close', () => [client, gateway].forEach((end) => end.destroy()));
      }
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new ReverseProxy(server);
  }

  get url(): string {
    const address = this.#server.address();
    return `ws://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
