import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { defaultLimits, MeshError, silentLogger } from '#kernel';
import { type HttpHandler, listen, type Listening, loopbackHosts } from '#host';
import { createClient, fetchTransport, type Operations } from '#api';
import { ManualClock } from '../../../test/support/manual-clock.ts';
import { stubOperations } from '../../../test/support/stub-operations.ts';
import { createApi } from './api.ts';
import { EventLog } from './event-log.ts';
import { nodeHandler } from './node-handler.ts';

const token = 'the-token-of-this-node';
const host = '127.0.0.1';
const running: Listening[] = [];
const sockets: Socket[] = [];

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await Promise.all(running.splice(0).map((one) => one.close({ graceMs: 0 })));
});

async function start(handler: HttpHandler, clock = new ManualClock()): Promise<Listening> {
  const listening = await listen({ handler, host, port: 0, clock, limits: defaultLimits });
  running.push(listening);
  return listening;
}

async function startApi(given: Partial<Operations> = {}) {
  const clock = new ManualClock();
  const { operations, calls } = stubOperations(given);
  const log = new EventLog({ clock, limits: defaultLimits });
  const api = createApi({
    operations,
    token,
    events: { log, agentNamed: (name) => name },
    allowedHosts: () => loopbackHosts(port),
    version: '1',
    clock,
    limits: defaultLimits,
    logger: silentLogger,
  });
  const listening = await start(
    nodeHandler((asked) => api.fetch(asked)),
    clock,
  );
  const { port } = listening.address;
  const client = createClient(fetchTransport({ baseUrl: `http://${host}:${port}`, token, fetch }));
  return { api, calls, clock, client, listening, log, port };
}

/** Sends bytes as they are and resolves with all that came back until the server closed. */
async function raw(port: number, text: string): Promise<string> {
  const socket = connect(port, host);
  sockets.push(socket);
  let answer = '';
  socket.on('data', (chunk: Buffer) => (answer += chunk.toString()));
  socket.write(text);
  await once(socket, 'close');
  return answer;
}

const head = (lines: readonly string[]): string => `${lines.join('\r\n')}\r\n\r\n`;

describe('the API over a socket', () => {
  test('takes and answers calls, and tells of errors', async () => {
    const { client, calls } = await startApi({ block: () => Promise.reject(new MeshError('NOT_FOUND', 'no bob')) });
    expect(await client.status({ agent: 'alice' })).toEqual({ name: 'status' });
    await client.send({ to: 'bob', text: 'ä'.repeat(100_000) });
    await expect(client.block({ contact: 'bob' })).rejects.toMatchObject({ code: 'NOT_FOUND', message: 'no bob' });
    expect(calls).toMatchObject([{ input: { agent: 'alice' } }, { input: { text: 'ä'.repeat(100_000) } }]);
  });

  test('streams a scan', async () => {
    const { client } = await startApi();
    const lines: unknown[] = [];
    for await (const line of client.scan({ targets: ['http://h'] })) lines.push(line);
    expect(lines).toEqual([{ name: 'scan' }, { type: 'done' }]);
  });

  test('streams events as they happen, and resumes them', async () => {
    const { client, log } = await startApi();
    const opened = Promise.withResolvers<void>();
    const events = client.events({ onOpen: opened.resolve })[Symbol.asyncIterator]();
    const next = events.next();
    await opened.promise;
    log.record(() => ({ type: 'node.stopping', at: 1 }));
    log.record(() => ({ type: 'node.stopping', at: 2 }));
    const first = (await next).value as { id: string; event: unknown };
    expect(first.event).toEqual({ type: 'node.stopping', at: 1 });
    await events.return?.();
    const resumed = client.events({ lastEventId: first.id })[Symbol.asyncIterator]();
    expect((await resumed.next()).value).toMatchObject({ event: { type: 'node.stopping', at: 2 } });
    await resumed.return?.();
  });

  test('aborts the operation of a caller that hangs up', async () => {
    const aborted = Promise.withResolvers<unknown>();
    const stop = new AbortController();
    const { client } = await startApi({
      ask: (_input, { signal }) => {
        signal.addEventListener('abort', () => aborted.resolve(signal.reason), { once: true });
        stop.abort(new Error('enough'));
        return new Promise(() => {});
      },
    });
    await expect(client.ask({ to: 'bob', text: '?', timeoutMs: 1 }, { signal: stop.signal })).rejects.toThrow('enough');
    expect(await aborted.promise).toMatchObject({ code: 'LINK_CLOSED' });
  });

  test('refuses a body that is too large and reads no more than it must', async () => {
    const { port, calls } = await startApi();
    const answer = await raw(
      port,
      head([
        'POST /api/shutdown HTTP/1.1',
        `Host: ${host}:${port}`,
        `Authorization: Bearer ${token}`,
        'Content-Type: application/json',
        'Content-Length: 100000000',
        'Connection: close',
      ]) + 'x'.repeat(1000),
    );
    expect(answer).toMatch(/^HTTP\/1\.1 413 [\s\S]*BODY_TOO_LARGE/);
    expect(calls).toEqual([]);
  });

  test.each([
    ['GET http://evil.example/api/status HTTP/1.1', 400, 'INVALID_ARGUMENT'],
    ['GET //evil.example/api/status HTTP/1.1', 404, 'NOT_FOUND'],
    ['GET /api/../api/status HTTP/1.1', 200, 'status'],
    ['OPTIONS * HTTP/1.1', 400, 'INVALID_ARGUMENT'],
    ['TRACE /api/status HTTP/1.1', 400, 'INVALID_ARGUMENT'],
  ])('answers %s with %i', async (line, status, word) => {
    const { port } = await startApi();
    const answer = await raw(
      port,
      head([line, `Host: ${host}:${port}`, `Authorization: Bearer ${token}`, 'Content-Length: 0', 'Connection: close']),
    );
    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} [\\s\\S]*${word}`));
  });

  test('refuses a Host that is another name for this machine', async () => {
    const { port } = await startApi();
    const lines = [
      'GET /api/status HTTP/1.1',
      `Host: evil.example:${port}`,
      `Authorization: Bearer ${token}`,
      'Connection: close',
    ];
    expect(await raw(port, head(lines))).toMatch(/^HTTP\/1\.1 403 [\s\S]*FORBIDDEN_ORIGIN/);
  });

  test('does not take a second Host header for an answer', async () => {
    const { port } = await startApi();
    const lines = [
      'GET /api/status HTTP/1.1',
      `Host: ${host}:${port}`,
      'Host: evil.example',
      `Authorization: Bearer ${token}`,
    ];
    expect(await raw(port, head([...lines, 'Connection: close']))).not.toMatch(/^HTTP\/1\.1 200/);
  });
});

describe('how a listener ends', () => {
  test('event streams end with what happened last, and the port is free again', async () => {
    const { api, client, listening, log, port } = await startApi();
    const opened = Promise.withResolvers<void>();
    const events = client.events({ onOpen: opened.resolve, reconnect: false })[Symbol.asyncIterator]();
    const next = events.next();
    await opened.promise;
    log.record(() => ({ type: 'node.stopping', at: 1 }));
    api.close();
    const closed = listening.close({ graceMs: 60_000 });
    expect((await next).value).toMatchObject({ event: { type: 'node.stopping' } });
    expect((await events.next()).done).toBe(true);
    await closed;
    const again = await listen({ handler: () => {}, host, port, clock: new ManualClock(), limits: defaultLimits });
    running.push(again);
    expect(again.address).toEqual({ host, port });
  });

  test('an answer that is under way goes out, though nothing new is taken', async () => {
    const { client, listening, port } = await startApi({
      shutdown: async () => {
        listening.stopAccepting();
        return { stopping: true };
      },
    });
    expect(await client.shutdown()).toEqual({ stopping: true });
    await expect(raw(port, '')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    await listening.close({ graceMs: 60_000 });
  });

  test('a connection that is kept alive does not hold it up, used or not', async () => {
    const agent = new Agent({ keepAlive: true });
    const { address, close } = await start((_request, response) => void response.end('ok'));
    const socket = await new Promise<Socket>((resolve, reject) => {
      const sent = request({ ...address, agent }, (response) => {
        response.resume();
        response.on('end', () => resolve(sent.socket as Socket));
      });
      sent.on('error', reject).end();
    });
    const unused = connect(address.port, host);
    sockets.push(unused);
    await once(unused, 'connect');
    const ended = once(socket, 'close');
    // The grace never ends: this clock stands still.
    await expect(close({ graceMs: 1000 })).resolves.toBeUndefined();
    await ended;
    agent.destroy();
  });

  test('what does not end within the grace is cut, upgraded connections included', async () => {
    const clock = new ManualClock();
    const upgraded = Promise.withResolvers<void>();
    const handler: HttpHandler = () => {};
    const listening = await listen({
      handler,
      host,
      port: 0,
      clock,
      limits: defaultLimits,
      onUpgrade: () => upgraded.resolve(),
    });
    const { port } = listening.address;
    const stuck = raw(port, head(['GET / HTTP/1.1', `Host: ${host}`]));
    const webSocket = raw(
      port,
      head(['GET /mesh/v1/link HTTP/1.1', `Host: ${host}`, 'Connection: Upgrade', 'Upgrade: websocket']),
    );
    await upgraded.promise;
    const closing = listening.close({ graceMs: 2000 });
    await clock.whenSleeping();
    await clock.advance(2000);
    await closing;
    expect(await Promise.all([stuck, webSocket])).toEqual(['', '']);
  });
});

describe('where a listener cannot be', () => {
  const tryAt = (at: { readonly host: string; readonly port: number }): Promise<Listening> =>
    listen({ handler: () => {}, clock: new ManualClock(), limits: defaultLimits, ...at });

  test('on a port that is taken', async () => {
    const { address } = await start(() => {});
    await expect(tryAt(address)).rejects.toMatchObject({
      code: 'PORT_IN_USE',
      message: `Port ${address.port} of ${host} is taken by another program`,
      hint: expect.stringContaining('--port'),
    });
  });

  test.each(['192.0.2.1'])('at %s, which is no address of this machine', async (other) => {
    await expect(tryAt({ host: other, port: 0 })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: `${other} is no address of this machine`,
      hint: expect.stringContaining('--host'),
    });
  });
});
