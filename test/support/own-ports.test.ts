import { once } from 'node:events';
import { createServer } from 'node:net';
import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { ownPorts, ownPortWithRoom } from './own-ports.ts';

test('nobody else is given the same port, however many ask at once', async () => {
  const ports = (await Promise.all(Array.from({ length: 90 }, () => ownPorts(3)))).flat();
  expect(new Set(ports).size).toBe(270);
});

test('another worker is given others', async () => {
  const url = new URL('own-ports.ts', import.meta.url).href;
  const code = `import { parentPort } from 'node:worker_threads';
    const { ownPorts } = await import(${JSON.stringify(url)});
    parentPort.postMessage(await ownPorts(50));`;
  const mine = await ownPorts(50);
  const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(code)}`));
  const [theirs] = (await once(worker, 'message')) as [readonly number[]];
  expect(theirs).toHaveLength(50);
  expect(theirs.filter((port) => mine.includes(port))).toEqual([]);
  await worker.terminate();
});

test('a port that a program listens on is left to it', async () => {
  const [port = 0] = await ownPorts(1);
  const server = createServer().listen(port + 1, '127.0.0.1');
  await once(server, 'listening');
  expect(await ownPorts(1)).not.toEqual([port + 1]);
  server.close();
});

test('a program that chooses more ports from its own has room', async () => {
  const port = await ownPortWithRoom();
  const [after = 0] = await ownPorts(1);
  expect(Math.floor(after / 100)).not.toBe(Math.floor(port / 100));
});
