import { createServer, type Server } from 'node:net';

/** Blocks of ports below those that systems hand out by themselves, so that no outgoing connection ever sits on one. */
const firstBlock = 20_000;
const blocks = 120;
const blockSize = 100;

let next = 0;
let left = 0;
let taking: Promise<void> | undefined;

/**
 * TCP ports of loopback that are the caller's while its process lives, also between two programs that listen there. Those
 * of one call differ by one each.
 */
export async function ownPorts(count: number): Promise<readonly number[]> {
  for (;;) {
    while (left < count) await (taking ??= takeBlock().finally(() => (taking = undefined)));
    const ports = Array.from({ length: count }, (_, index) => next + index);
    next += count;
    left -= count;
    const free = await Promise.all(ports.map(isFree));
    if (!free.includes(false)) return ports;
  }
}

/** With nobody of ours on the hundred ports above it: for programs that choose more ports from their own. */
export async function ownPortWithRoom(): Promise<number> {
  left = 0;
  const [port = 0] = await ownPorts(1);
  left = 0;
  return port;
}

/** Whoever listens on the first port of a block has all of it. */
async function takeBlock(): Promise<void> {
  const start = Math.floor(Math.random() * blocks);
  for (let tries = 0; tries < blocks; tries += 1) {
    const first = firstBlock + ((start + tries) % blocks) * blockSize;
    const holder = await listen(first);
    if (holder === undefined) continue;
    holder.unref();
    next = first + 1;
    left = blockSize - 1;
    return;
  }
  throw new Error('No ports are left for tests');
}

async function isFree(port: number): Promise<boolean> {
  const server = await listen(port);
  if (server === undefined) return false;
  await new Promise((resolve) => server.close(resolve));
  return true;
}

/** Undefined when somebody listens there. */
const listen = (port: number): Promise<Server | undefined> =>
  new Promise((resolve) => {
    const server = createServer((socket) => socket.destroy());
    server.once('error', () => resolve(undefined));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => resolve(server));
  });
