import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect, createServer as createTcpServer, type Socket } from 'node:net';
import { once } from 'node:events';
import { afterEach, describe, expect, test } from 'vitest';
import { WebSocket as LibraryWebSocket } from 'ws';
import { defaultLimits, MeshError, systemClock } from '#kernel';
import { connectionContract } from '../../test/contracts/connection.ts';
import { failure } from '../../test/support/failure.ts';
import { webSocketTransport } from '../../test/support/link-transports.ts';
import { ManualClock } from '../../test/support/manual-clock.ts';
import type { Connection } from './connection.ts';
import { dialWebSocket, linkUrl } from './dial-websocket.ts';
import { acceptWebSockets } from './websocket-upgrade.ts';

describe('a WebSocket connection', () => {
  connectionContract(webSocketTransport);
});

const options = { clock: systemClock, limits: defaultLimits };
const closing: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

const portOf = (server: { address(): unknown }): number => (server.address() as AddressInfo).port;

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(async () => {
    server.closeAllConnections();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  });
  return `http://127.0.0.1:${portOf(server)}`;
}

/** A server that speaks no HTTP: it says its greeting, if any, and nothing more. */
async function muteServer(greeting?: string): Promise<{ readonly url: string; readonly connected: Promise<unknown> }> {
  const sockets = new Set<Socket>();
  const server = createTcpServer((socket) => {
    sockets.add(socket.on('error', () => {}));
    if (greeting !== undefined) socket.end(greeting);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  });
  return { url: `http://127.0.0.1:${portOf(server)}`, connected: once(server, 'connection') };
}

interface Node {
  readonly url: string;
  readonly accepted: Connection[];
}

async function node(hasRoom = true): Promise<Node> {
  const accepted: Connection[] = [];
  const server = createServer((_request, response) => response.writeHead(404).end());
  const accept = (connection: Connection): Promise<undefined> => {
    accepted.push(connection);
    return Promise.resolve(undefined);
  };
  server.on('upgrade', acceptWebSockets({ hasRoomFor: () => hasRoom, accept }, defaultLimits));
  const url = await listen(server);
  closing.unshift(async () => {
    for (const connection of accepted) connection.cut();
    await Promise.all(accepted.map(({ closed }) => closed));
  });
  return { url, accepted };
}

describe('the URL of a link', () => {
  test.each([
    ['http://10.0.0.7:8787', 'ws://10.0.0.7:8787/mesh/v1/link'],
    ['https://mesh.example.org', 'wss://mesh.example.org/mesh/v1/link'],
    ['https://example.org/alice/', 'wss://example.org/alice/mesh/v1/link'],
    ['ws://[::1]:8787/', 'ws://[::1]:8787/mesh/v1/link'],
    ['wss://example.org/mesh/v1/link', 'wss://example.org/mesh/v1/link'],
  ])('of %s is %s', (endpoint, url) => {
    expect(linkUrl(endpoint)).toBe(url);
  });

  test.each(['', 'example.org:8787', 'ftp://example.org', 'javascript:alert(1)', 'http://'])(
    'refuses %j',
    (endpoint) => {
      expect(() => linkUrl(endpoint)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
    },
  );
});

describe('dialling', () => {
  test('says that nothing listens', async () => {
    const server = createServer();
    const url = await listen(server);
    await closing.splice(0)[0]?.();
    const error = await failure(dialWebSocket(url, options));
    expect(error.code).toBe('UNREACHABLE');
    expect(error.message).toBe(`${linkUrl(url)} refused the connection: nothing listens there`);
    expect(error.cause).toBeUndefined();
  });

  test('says that a web server is not a node', async () => {
    const url = await listen(createServer((_request, response) => response.writeHead(404).end('nothing here')));
    const error = await failure(dialWebSocket(url, options));
    expect([error.code, error.message]).toEqual([
      'UNREACHABLE',
      `${linkUrl(url)} is not the address of a mesh node (HTTP 404)`,
    ]);
  });

  test('says that something else than HTTP answers', async () => {
    const { url } = await muteServer('220 mail.example.org ESMTP\r\n');
    const error = await failure(dialWebSocket(url, options));
    expect([error.code, error.message]).toEqual(['UNREACHABLE', `${linkUrl(url)} does not speak HTTP`]);
  });

  test('gives up by the clock on a server that accepts and says nothing', async () => {
    const { url, connected } = await muteServer();
    const clock = new ManualClock();
    const attempt = failure(dialWebSocket(url, { ...options, clock }));
    await connected;
    await clock.advance(defaultLimits.dialMs);
    const error = await attempt;
    expect([error.code, error.message]).toEqual(['UNREACHABLE', `${linkUrl(url)} did not answer within 5000 ms`]);
  });

  test('stops with the reason of the signal', async () => {
    const { url, connected } = await muteServer();
    const stop = new AbortController();
    const attempt = failure(dialWebSocket(url, { ...options, signal: stop.signal }));
    await connected;
    stop.abort(new MeshError('SHUTTING_DOWN'));
    expect((await attempt).code).toBe('SHUTTING_DOWN');
  });

  test('says when to come back to a node that has no room', async () => {
    const { url, accepted } = await node(false);
    const error = await failure(dialWebSocket(url, options));
    expect([error.code, error.data['retryAfterMs']]).toEqual(['RATE_LIMITED', 5000]);
    expect(accepted).toEqual([]);
  });
});

describe('the HTTP side', () => {
  const answerTo = async (url: string, lines: readonly string[]): Promise<string> => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    socket.write(`${lines.join('\r\n')}\r\n\r\n`);
    let answer = '';
    for await (const chunk of socket.setEncoding('utf8')) answer += String(chunk);
    return answer.split('\r\n')[0] ?? '';
  };
  const upgrade = (path: string, ...more: readonly string[]): string[] => [
    `GET ${path} HTTP/1.1`,
    'Host: localhost',
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
    ...more,
  ];
  const subprotocol = 'Sec-WebSocket-Protocol: agent-mesh.link.1';

  test('takes no other path', async () => {
    const { url, accepted } = await node();
    for (const path of ['/', '/mesh/v1/link/', '/mesh/v1/link?x=1', '/mesh/v2/link', '/api/events']) {
      expect(await answerTo(url, upgrade(path, subprotocol))).toBe('HTTP/1.1 404 Not Found');
    }
    expect(accepted).toEqual([]);
  });

  test('takes no other subprotocol', async () => {
    const { url, accepted } = await node();
    expect(await answerTo(url, upgrade('/mesh/v1/link'))).toBe('HTTP/1.1 400 Bad Request');
    const other = upgrade('/mesh/v1/link', 'Sec-WebSocket-Protocol: agent-mesh.link.2');
    expect(await answerTo(url, other)).toBe('HTTP/1.1 400 Bad Request');
    expect(accepted).toEqual([]);
  });

  test('counts the bytes of a message that is not finished', async () => {
    const { url, accepted } = await node();
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    closing.unshift(async () => void socket.destroy());
    socket.write(`${upgrade('/mesh/v1/link', subprotocol).join('\r\n')}\r\n\r\n`);
    expect(String((await once(socket, 'data'))[0])).toMatch(/^HTTP\/1.1 101 /);
    const exceeded = new Promise<void>((resolve) => {
      accepted[0]?.limitReceive({ maxBytes: 8192, onExceeded: resolve });
    });
    // The header of one masked message of 400 000 bytes (RFC 6455 §5.2), of which only the first 9 000 come.
    const header = Buffer.from([0x82, 0xff, 0, 0, 0, 0, 0, 0x06, 0x1a, 0x80, 0, 0, 0, 0]);
    socket.write(Buffer.concat([header, Buffer.alloc(9000)]));
    await exceeded;
  });

  test('closes on a message larger than any operation, and on text', async () => {
    const { url, accepted } = await node();
    const oversized = await dialWebSocket(url, options);
    oversized.send(new Uint8Array(defaultLimits.maxHandshakeFrameBytes + 2048));
    expect((await oversized.closed).code).toBe(1009);
    const textual = new WebSocket(linkUrl(url), 'agent-mesh.link.1');
    await once(textual, 'open');
    textual.send('hello');
    expect(await accepted[1]?.receive()).toBeUndefined();
    expect((await accepted[1]?.closed)?.code).toBe(1003);
  });
});

test('a ping that is answered late is answered with its own bytes, though the memory beside it was given back', async () => {
  const { url, accepted } = await node();
  const client = new LibraryWebSocket(linkUrl(url), 'agent-mesh.link.1');
  await once(client, 'open');
  const [connection] = accepted;
  if (connection === undefined) throw new Error('Nobody accepted');
  // More than two sockets hold, and nobody reads it yet.
  client.pause();
  for (let n = 0; n < 32; n += 1) connection.send(new Uint8Array(1024 * 1024));
  client.ping('are you there?');
  client.send(new Uint8Array(1000));
  const first = await connection.receive();
  client.send(new Uint8Array(1000));
  await connection.receive();
  if (first !== undefined) connection.discard(first);
  const pong = once(client, 'pong');
  client.resume();
  expect(String((await pong)[0])).toBe('are you there?');
});
