import { describe, expect, test } from 'vitest';
import { MeshError } from '#kernel';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { createClient } from './client.ts';
import type { ReceivedEvent } from './client-events.ts';
import { toErrorBody } from './error-body.ts';
import type { Transport, TransportRequest, TransportResponse } from './transport.ts';

const event = (id: number): string =>
  `id: ${id}\nevent: node.stopping\ndata: ${JSON.stringify({ type: 'node.stopping', at: id })}\n\n`;

const received = (id: number): ReceivedEvent => ({ id: String(id), event: { type: 'node.stopping', at: id } });

/** One stream of the node; it ends after its texts, or breaks. */
async function* stream(texts: readonly string[], end: 'ends' | 'breaks' = 'ends'): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield new TextEncoder().encode(text);
  if (end === 'breaks') throw new Error('ECONNRESET');
}

const ok = (body: AsyncIterable<Uint8Array>, headers: Record<string, string> = {}): TransportResponse => ({
  status: 200,
  headers,
  body,
});

const refusal = (error: MeshError): TransportResponse => ({
  status: error.status,
  headers: {},
  body: new TextEncoder().encode(JSON.stringify(toErrorBody(error))),
});

/** Answers one request after the other with the given answers. */
function scripted(answers: readonly (TransportResponse | MeshError)[]): Transport & { asked: TransportRequest[] } {
  const asked: TransportRequest[] = [];
  return {
    asked,
    async request(request) {
      const next = answers[asked.length];
      asked.push(request);
      if (next === undefined || next instanceof MeshError) throw next ?? new MeshError('UNREACHABLE', 'out of answers');
      return next;
    },
  };
}

describe('the event stream of the client', () => {
  test('goes on after the last event when the connection ends or breaks', async () => {
    const clock = new ManualClock();
    const transport = scripted([
      ok(stream(['id: 0\n\n', event(1), event(2).slice(0, 9), event(2).slice(9)], 'breaks')),
      new MeshError('UNREACHABLE'),
      ok(stream([event(3)])),
      refusal(new MeshError('UNAUTHORIZED', 'another token')),
    ]);
    let opened = 0;
    const seen: ReceivedEvent[] = [];
    const reading = (async () => {
      for await (const one of createClient(transport).events({ clock, onOpen: () => (opened += 1) })) seen.push(one);
    })();
    const failure = reading.catch((error: unknown) => error);
    await clock.whenSleeping();
    await clock.advance(20_000);
    expect(await failure).toMatchObject({ code: 'UNAUTHORIZED', message: 'another token' });
    expect(seen).toEqual([received(1), received(2), received(3)]);
    expect(opened).toBe(2);
    expect(transport.asked.map(({ headers }) => headers['last-event-id'])).toEqual([undefined, '2', '2', '3']);
  });

  test('goes on from where the stream began when it broke before its first event', async () => {
    const clock = new ManualClock();
    const transport = scripted([ok(stream([], 'breaks'), { 'last-event-id': '41' }), ok(stream([event(42)]))]);
    const events = createClient(transport).events({ clock })[Symbol.asyncIterator]();
    const first = events.next();
    await clock.whenSleeping();
    await clock.advance(5000);
    expect((await first).value).toEqual(received(42));
    expect(transport.asked[1]?.headers['last-event-id']).toBe('41');
  });

  test('begins after the given event, for one agent', async () => {
    const transport = scripted([ok(stream([event(8)]))]);
    const events = createClient(transport).events({ lastEventId: '7', agent: 'alice', reconnect: false });
    const seen: ReceivedEvent[] = [];
    for await (const one of events) seen.push(one);
    expect(seen).toEqual([received(8)]);
    expect(transport.asked).toMatchObject([
      {
        path: '/api/events',
        query: { agent: 'alice' },
        headers: { 'last-event-id': '7', accept: 'text/event-stream' },
      },
    ]);
  });

  test('fails at once when no node answers the first time', async () => {
    const events = createClient(scripted([new MeshError('NODE_NOT_RUNNING')]))
      .events()
      [Symbol.asyncIterator]();
    await expect(events.next()).rejects.toMatchObject({ code: 'NODE_NOT_RUNNING' });
  });

  test('tells of a broken connection when it shall not reconnect', async () => {
    const events = createClient(scripted([ok(stream([], 'breaks'))])).events({ reconnect: false });
    await expect(events[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: 'LINK_CLOSED' });
  });

  test('refuses an event without a type', async () => {
    const events = createClient(scripted([ok(stream(['id: 1\ndata: {"at":1}\n\n']))])).events();
    await expect(events[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: 'MALFORMED' });
  });

  test('stops waiting for the next attempt when the signal aborts', async () => {
    const clock = new ManualClock();
    const stop = new AbortController();
    const events = createClient(scripted([ok(stream([]))])).events({ clock, signal: stop.signal });
    const next = events[Symbol.asyncIterator]().next();
    await clock.whenSleeping();
    const reason = new Error('enough');
    stop.abort(reason);
    await expect(next).rejects.toBe(reason);
  });
});
