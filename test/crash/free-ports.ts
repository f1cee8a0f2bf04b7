import { createServer, type Server } from 'node:net';

const listen = (): Promise<{ readonly server: Server; readonly port: number }> =>
  new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      resolve({ server, port: typeof address === 'object' && address !== null ? address.port : 0 });
    });
  });

/** Two that nobody listens on now. */
export async function freePorts(): Promise<readonly [number, number]> {
  const [first, second] = [await listen(), await listen()];
  await Promise.all([first, second].map(({ server }) => new Promise((resolve) => server.close(resolve))));
  return [first.port, second.port];
}
