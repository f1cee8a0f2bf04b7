import { createServer, type Socket } from 'node:net';

export interface SignalSocket {
  readonly port: number;
  /** The next program that says it is running: ends when the program does. */
  next(): Promise<Running>;
  close(): Promise<void>;
}

export interface Running {
  /** Resolves with the next thing that the program says. */
  said(): Promise<string>;
  /** Resolves when the program is gone. */
  readonly gone: Promise<void>;
  /** Closes the connection; programs of tests end then. */
  end(): void;
}

/** A local server that programs under test connect to, so that a test waits for events and not for time. */
export async function openSignalSocket(): Promise<SignalSocket> {
  const waiting: Socket[] = [];
  const readers: ((socket: Socket) => void)[] = [];
  const server = createServer((socket) => {
    socket.on('error', () => {});
    const reader = readers.shift();
    if (reader === undefined) waiting.push(socket);
    else reader(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    next: async () => {
      const socket = waiting.shift() ?? (await new Promise<Socket>((resolve) => readers.push(resolve)));
      return running(socket);
    },
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

function running(socket: Socket): Running {
  const said: string[] = [];
  const readers: ((text: string) => void)[] = [];
  socket.on('data', (chunk) => {
    const reader = readers.shift();
    if (reader === undefined) said.push(chunk.toString());
    else reader(chunk.toString());
  });
  const gone = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  return {
    said: () => new Promise((resolve) => (said[0] === undefined ? readers.push(resolve) : resolve(said.shift() ?? ''))),
    gone,
    end: () => socket.destroy(),
  };
}
