import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { defaultLimits, systemClock } from '#kernel';
import { acceptWebSockets, type Connection, dialWebSocket, memoryConnections } from '#link';

/** A way to connect two ends, for suites that run on each. */
export interface LinkTransport {
  readonly name: string;
  /** A fresh connection: the dialler's end, then the listener's. */
  connect(): Promise<readonly [Connection, Connection]>;
  close(): Promise<void>;
}

export function memoryTransport(): Promise<LinkTransport> {
  return Promise.resolve({
    name: 'memory',
    connect: () => Promise.resolve(memoryConnections()),
    close: () => Promise.resolve(),
  });
}

/** Real WebSockets through an HTTP server on loopback. */
export async function webSocketTransport(): Promise<LinkTransport> {
  const server = createServer();
  const open = new Set<Connection>();
  let accepted = Promise.withResolvers<Connection>();
  const accept = (connection: Connection): Promise<undefined> => {
    accepted.resolve(connection);
    return Promise.resolve(undefined);
  };
  server.on('upgrade', acceptWebSockets({ hasRoomFor: () => true, accept }, defaultLimits));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    name: 'websocket',
    connect: async () => {
      accepted = Promise.withResolvers();
      const dialler = await dialWebSocket(url, { clock: systemClock, limits: defaultLimits });
      const listener = await accepted.promise;
      open.add(dialler).add(listener);
      return [dialler, listener];
    },
    close: async () => {
      for (const connection of open) connection.cut();
      await Promise.all([...open].map(({ closed }) => closed));
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
