import { describe, expect, test } from 'vitest';
import { defaultLimits, MeshError, silentLogger } from '#kernel';
import { createClient, type MeshEvent, type Operations, type ReceivedEvent, type ScanEvent } from '#api';
import { ManualClock } from '../../../test/support/manual-clock.ts';
import { stubOperations } from '../../../test/support/stub-operations.ts';
import { createApi } from './api.ts';
import { EventLog } from './event-log.ts';
import { localTransport } from './local-transport.ts';

const token = 'the-token-of-this-node';
const { apiHeartbeatMs } = defaultLimits;

const event = (at: number, agent = 'alice'): MeshEvent => ({ type: 'agent.added', agent, at, agentId: 'did:key:x' });

function setUp(given: Partial<Operations> = {}) {
  const clock = new ManualClock();
  const log = new EventLog({ clock, limits: { ...defaultLimits, apiEventsKept: 3 } });
  const events = {
    log,
    agentNamed(name: string) {
      if (name === 'nobody') throw new MeshError('NOT_FOUND', 'no such agent');
      return name === 'did:key:alice' ? 'alice' : name;
    },
  };
  const { operations } = stubOperations(given);
  const shared = { operations, events, version: '1', clock, limits: defaultLimits, logger: silentLogger };
  const api = createApi({ ...shared, token, allowedHosts: () => ['localhost'] });
  const get = (headers: Record<string, string> = {}, query = '', method = 'GET') =>
    api.fetch(
      new Request(`http://localhost/api/events${query}`, {
        method,
        headers: { host: 'localhost', authorization: `Bearer ${token}`, ...headers },
      }),
    );
  const transport = localTransport({
    ...shared,
    random: { bytes: (length) => new Uint8Array(length).fill(7), fraction: () => 0 },
  });
  return { api, clock, log, get, transport, client: createClient(transport), first: log.lastId + 1 };
}

/** Reads the text of a stream piece by piece. */
function textOf(response: Response) {
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  return {
    async next(): Promise<string | undefined> {
      const { done, value } = await reader.read();
      return done ? undefined : new TextDecoder().decode(value);
    },
    cancel: () => reader.cancel(),
  };
}

describe('the event stream of the API', () => {
  test('says where it begins, then sends events with id, type and data', async () => {
    const { get, log, first } = setUp();
    const response = await get();
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'last-event-id': String(first - 1),
    });
    const text = textOf(response);
    expect(await text.next()).toBe(`id: ${first - 1}\n\n`);
    log.record(() => event(1));
    expect(await text.next()).toBe(`id: ${first}\nevent: agent.added\ndata: ${JSON.stringify(event(1))}\n\n`);
  });

  test('sends heartbeats while nothing happens', async () => {
    const { get, clock } = setUp();
    const text = textOf(await get());
    await text.next();
    await clock.whenSleeping();
    await clock.advance(apiHeartbeatMs);
    expect(await text.next()).toBe(': heartbeat\n\n');
    await clock.advance(apiHeartbeatMs);
    expect(await text.next()).toBe(': heartbeat\n\n');
  });

  test('goes on after Last-Event-ID, with a missed event for what is no longer kept', async () => {
    const { get, log, first } = setUp();
    await get();
    for (const n of [1, 2, 3, 4, 5]) log.record(() => event(n));
    const resumed = textOf(await get({ 'last-event-id': String(first + 3) }));
    await resumed.next();
    expect(await resumed.next()).toContain(`data: ${JSON.stringify(event(5))}`);
    const late = textOf(await get({ 'last-event-id': String(first) }));
    await late.next();
    expect(await late.next()).toBe(`id: ${first + 1}\nevent: missed\ndata: {"type":"missed","count":1}\n\n`);
    expect(await late.next()).toContain(`id: ${first + 2}\n`);
  });

  test.each(['', 'x', '-1', '1.5', '99999999999999999', '9'.repeat(16)])('refuses the Last-Event-ID %j', async (id) => {
    const response = await setUp().get({ 'last-event-id': id });
    expect([response.status, await response.json()]).toMatchObject([400, { error: { code: 'INVALID_ARGUMENT' } }]);
  });

  test('shows the events of one agent by its name or id, and those of the whole node', async () => {
    const { get, log } = setUp();
    const text = textOf(await get({}, '?agent=did:key:alice'));
    await text.next();
    log.record(() => event(1, 'bob'));
    log.record(() => event(2, 'alice'));
    log.record(() => ({ type: 'node.stopping', at: 3 }));
    const sent = (await text.next()) ?? '';
    expect([...sent.matchAll(/"at":(\d)/g)].map(([, at]) => at)).toEqual(['2', '3']);
  });

  test.each([
    ['?agent=nobody', 404],
    ['?agent=a&agent=b', 400],
    ['?colour=red', 400],
  ])('answers %s with %i', async (query, status) => {
    expect((await setUp().get({}, query)).status).toBe(status);
  });

  test('stops reading the log when its reader goes away', async () => {
    const { get, log, clock } = setUp();
    const text = textOf(await get());
    await clock.whenSleeping();
    expect(log.observed).toBe(true);
    await text.cancel();
    await clock.advance(defaultLimits.apiEventsKeptMs + 1);
    expect([log.observed, clock.sleeping]).toEqual([false, 0]);
  });

  test('gives no stream to HEAD', async () => {
    const { get, clock, log } = setUp();
    const response = await get({}, '', 'HEAD');
    expect([response.status, response.body, clock.sleeping, log.observed]).toEqual([200, null, 0, false]);
  });

  test('ends with what happened last when the API closes', async () => {
    const { get, log, api, clock } = setUp();
    const text = textOf(await get());
    await text.next();
    log.record(() => ({ type: 'node.stopping', at: 9 }));
    api.close();
    expect(await text.next()).toContain('event: node.stopping');
    expect(await text.next()).toBeUndefined();
    await clock.advance(apiHeartbeatMs);
    expect(clock.sleeping).toBe(0);
  });

  test('reaches the client, which goes on where another one stopped', async () => {
    const { client, log, first } = setUp();
    const opened = Promise.withResolvers<void>();
    const events = client.events({ agent: 'alice', onOpen: opened.resolve, reconnect: false })[Symbol.asyncIterator]();
    const next = events.next();
    await opened.promise;
    log.record(() => event(1));
    expect((await next).value).toEqual({ id: String(first), event: event(1) });
    log.record(() => event(2));
    await events.return?.();
    log.close();
    const seen: ReceivedEvent[] = [];
    for await (const one of client.events({ lastEventId: String(first), reconnect: false })) seen.push(one);
    expect(seen).toEqual([{ id: String(first + 1), event: event(2) }]);
  });
});

describe('the stream of a scan', () => {
  const input = { targets: ['http://h'] };
  const progress: ScanEvent = { type: 'progress', done: 0, total: 1 };

  async function collect(lines: AsyncIterable<ScanEvent>): Promise<{ seen: ScanEvent[]; error: unknown }> {
    const seen: ScanEvent[] = [];
    try {
      for await (const line of lines) seen.push(line);
      return { seen, error: undefined };
    } catch (error) {
      return { seen, error };
    }
  }

  test('comes line by line', async () => {
    const found: ScanEvent = { type: 'found', url: 'http://h', agents: [] };
    const done: ScanEvent = { type: 'done', total: 1, found: 1 };
    const { client } = setUp({
      async *scan() {
        yield* [progress, found, done];
      },
    });
    expect(await collect(client.scan(input))).toEqual({ seen: [progress, found, done], error: undefined });
  });

  test('has the status of an error that comes first', async () => {
    const scan: Operations['scan'] = async function* () {
      yield await Promise.reject<ScanEvent>(new MeshError('INVALID_ARGUMENT', 'no such range'));
    };
    const { transport } = setUp({ scan });
    const response = await transport.request({
      method: 'POST',
      path: '/api/scan',
      query: {},
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(input),
    });
    expect(response.status).toBe(400);
    expect((await collect(setUp({ scan }).client.scan(input))).error).toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: 'no such range',
    });
  });

  test('ends with an error that comes later, of which a foreign one tells nothing', async () => {
    const { client } = setUp({
      async *scan() {
        yield progress;
        throw new Error('a secret');
      },
    });
    const { seen, error } = await collect(client.scan(input));
    expect(seen).toEqual([progress]);
    expect(error).toMatchObject({ code: 'INTERNAL' });
    expect(String(error)).not.toContain('secret');
  });

  test('stops the operation when its reader stops', async () => {
    const stopped = Promise.withResolvers<boolean>();
    const { client } = setUp({
      async *scan(_input, { signal }) {
        try {
          for (;;) yield progress;
        } finally {
          stopped.resolve(signal.aborted);
        }
      },
    });
    for await (const line of client.scan(input)) {
      expect(line).toEqual(progress);
      break;
    }
    expect(await stopped.promise).toBe(true);
  });

  test('waits for a slow reader', async () => {
    let made = 0;
    const { client } = setUp({
      async *scan() {
        for (;;) {
          made += 1;
          yield progress;
        }
      },
    });
    const lines = client.scan(input)[Symbol.asyncIterator]();
    await lines.next();
    const before = made;
    await new Promise(setImmediate);
    await new Promise(setImmediate);
    expect(made - before).toBeLessThan(10_000);
    await lines.return?.();
  });
});
