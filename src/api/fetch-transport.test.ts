import { describe, expect, test } from 'vitest';
import { createClient } from './client.ts';
import { type Fetch, fetchTransport } from './fetch-transport.ts';

const token = 'a-token-of-the-node';
const at = 'http://127.0.0.1:8788';

describe('the transport over fetch', () => {
  test('sends the token, the query and the body', async () => {
    const seen: unknown[] = [];
    const fetch: Fetch = async (url, init) => {
      seen.push([url, init.method, init.headers.authorization, init.body]);
      return new Response('{"messages":[],"lastSeq":0}');
    };
    const client = createClient(fetchTransport({ baseUrl: `${at}/`, token, fetch }));
    expect(await client.inbox({ limit: 1 })).toEqual({ messages: [], lastSeq: 0 });
    await client.send({ to: 'bob', text: 'hi' });
    expect(seen).toEqual([
      [`${at}/api/inbox?limit=1`, 'GET', `Bearer ${token}`, null],
      [`${at}/api/messages`, 'POST', `Bearer ${token}`, '{"to":"bob","text":"hi"}'],
    ]);
  });

  test('says UNREACHABLE when nothing answers', async () => {
    const fetch: Fetch = async () => Promise.reject(new TypeError('fetch failed'));
    const call = createClient(fetchTransport({ baseUrl: at, token, fetch })).status();
    await expect(call).rejects.toMatchObject({ code: 'UNREACHABLE', message: `Nothing answers at ${at}` });
  });

  test('rejects with the reason of the signal', async () => {
    const stop = new AbortController();
    const reason = new Error('enough');
    const fetch: Fetch = async () => {
      stop.abort(reason);
      throw new TypeError('aborted');
    };
    const call = createClient(fetchTransport({ baseUrl: at, token, fetch })).status({}, { signal: stop.signal });
    await expect(call).rejects.toBe(reason);
  });

  test('cancels a stream that is not read to its end', async () => {
    let cancelled = false;
    const body = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(new TextEncoder().encode('{"type":"progress","done":0,"total":9}\n')),
      cancel: () => {
        cancelled = true;
      },
    });
    const client = createClient(fetchTransport({ baseUrl: at, token, fetch: async () => new Response(body) }));
    for await (const line of client.scan({ targets: ['x'] })) {
      expect(line.type).toBe('progress');
      break;
    }
    expect(cancelled).toBe(true);
  });
});
