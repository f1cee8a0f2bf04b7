import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { type Clock, type Limits, MeshError } from '#kernel';

export type HttpHandler = (incoming: IncomingMessage, outgoing: ServerResponse) => void;

export interface ListenOptions {
  readonly handler: HttpHandler;
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  readonly onUpgrade?: ((request: IncomingMessage, socket: Duplex, head: Buffer) => void) | undefined;
  readonly clock: Clock;
  readonly limits: Pick<Limits, 'httpHeadersMs' | 'httpRequestMs'>;
}

export interface Listening {
  readonly address: { readonly host: string; readonly port: number };
  /** Takes no connections any more; what is under way goes on. */
  stopAccepting(): void;
  /** Lets answers that are under way go out for `graceMs`, then cuts what is left, upgraded connections included. */
  close(options: { readonly graceMs: number }): Promise<void>;
}

/** Throws PORT_IN_USE, and INVALID_ARGUMENT for an address that is not ours to listen on. */
export async function listen(options: ListenOptions): Promise<Listening> {
  const { handler, host, port, onUpgrade, limits } = options;
  const server = createServer(
    {
      headersTimeout: limits.httpHeadersMs,
      requestTimeout: limits.httpRequestMs,
      connectionsCheckingInterval: limits.httpHeadersMs / 2,
    },
    handler,
  );
  const open = new OpenSockets(server);
  if (onUpgrade !== undefined) {
    server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      open.keep(socket);
      onUpgrade(request, socket, head);
    });
  }
  await opened(server, { host, port });
  const bound = server.address();
  return {
    address: { host, port: typeof bound === 'object' && bound !== null ? bound.port : port },
    stopAccepting: () => void open.drain(),
    close: ({ graceMs }) => open.close(graceMs, options.clock),
  };
}

/** The connections of a server, and how they end. */
class OpenSockets {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  /** Those that are answered now, or were upgraded. */
  readonly #busy = new Set<Duplex>();
  #drained: Promise<void> | undefined;

  constructor(server: Server) {
    this.#server = server;
    server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => {
        this.#sockets.delete(socket);
        this.#busy.delete(socket);
      });
    });
    // Before the handler, which may answer at once.
    server.prependListener('request', ({ socket }, response) => this.#onRequest(socket, response));
  }

  /** The connection is another's from now on; it is waited for, and cut at the end. */
  keep(socket: Duplex): void {
    this.#busy.add(socket);
  }

  /** Resolves when the last connection has ended. */
  drain(): Promise<void> {
    this.#drained ??= new Promise((resolve) => {
      this.#server.close(() => resolve());
      for (const socket of this.#sockets) if (!this.#busy.has(socket)) socket.destroy();
    });
    return this.#drained;
  }

  async close(graceMs: number, clock: Clock): Promise<void> {
    const drained = this.drain();
    const done = new AbortController();
    const cut = clock.sleep(graceMs, { signal: done.signal }).then(
      () => {
        for (const socket of this.#sockets) socket.destroy();
      },
      () => {},
    );
    await drained;
    done.abort();
    await cut;
  }

  /** A connection that is kept alive after its answer would be waited for. */
  #onRequest(socket: Socket, response: ServerResponse): void {
    this.#busy.add(socket);
    if (this.#drained !== undefined) response.setHeader('connection', 'close');
    response.once('close', () => {
      this.#busy.delete(socket);
      if (this.#drained !== undefined) socket.end();
    });
  }
}

function opened(server: Server, { host, port }: { readonly host: string; readonly port: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause) => reject(listenError(cause, { host, port })));
    server.listen({ host, port, exclusive: true }, () => {
      server.removeAllListeners('error');
      server.on('error', () => {});
      resolve();
    });
  });
}

function listenError(
  cause: NodeJS.ErrnoException,
  { host, port }: { readonly host: string; readonly port: number },
): MeshError {
  const { code } = cause;
  if (code === 'EADDRINUSE') {
    return new MeshError('PORT_IN_USE', `Port ${port} of ${host} is taken by another program`, {
      cause,
      data: { host, port },
    });
  }
  if (code === 'EACCES' || code === 'EPERM') {
    const hint = 'Ports below 1024 need special rights: choose a higher one with --port or --api-port.';
    return new MeshError('INVALID_ARGUMENT', `This user may not listen on port ${port} of ${host}`, { cause, hint });
  }
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND' || code === 'EAI_AGAIN') {
    const hint = 'Take an address of this machine with --host: 127.0.0.1, 0.0.0.0 or that of a network interface.';
    return new MeshError('INVALID_ARGUMENT', `${host} is no address of this machine`, { cause, hint });
  }
  return new MeshError('INTERNAL', `Listening on port ${port} of ${host} failed: ${code ?? cause.name}`, { cause });
}
