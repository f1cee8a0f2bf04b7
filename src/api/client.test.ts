import { describe, expect, test } from 'vitest';
import { MeshError } from '#kernel';
import { createClient } from './client.ts';
import { toErrorBody } from './error-body.ts';
import { operationNames } from './routes.ts';
import { requestTarget, type Transport, type TransportRequest, type TransportResponse } from './transport.ts';

type Body = TransportResponse['body'];

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

async function* pieces(...texts: string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield bytes(text);
}

/** Answers everything with the same status and body, and remembers what was asked. */
function fakeTransport(body: Body, status = 200): Transport & { asked: TransportRequest[] } {
  const asked: TransportRequest[] = [];
  return {
    asked,
    async request(request) {
      asked.push(request);
      return { status, headers: {}, body };
    },
  };
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}

describe('the client', () => {
  test('has a method for every operation', () => {
    const client = createClient(fakeTransport(bytes('{}')));
    for (const name of operationNames) expect(client[name]).toBeInstanceOf(Function);
  });

  test('puts fields into path, query and body, and leaves out what is undefined', async () => {
    const transport = fakeTransport(bytes('{}'));
    const client = createClient(transport);
    await client.inbox({ unread: true, limit: 3, agent: undefined });
    await client.rename({ contact: 'a/b?c#d %', name: 'e', agent: 'alice' });
    await client.attachment({ id: 'msg_1', index: 0 });
    await client.status();
    expect(transport.asked.map(({ method, body, ...target }) => [method, requestTarget(target), body])).toEqual([
      ['GET', '/api/inbox?unread=true&limit=3', undefined],
      ['POST', '/api/contacts/a%2Fb%3Fc%23d%20%25/rename', '{"name":"e","agent":"alice"}'],
      ['GET', '/api/inbox/msg_1/attachments/0', undefined],
      ['GET', '/api/status', undefined],
    ]);
  });

  test.each(['', '.', '..'])('refuses %j where it would change the path, before anything is sent', async (contact) => {
    const transport = fakeTransport(bytes('{}'));
    await expect(createClient(transport).contact({ contact })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      data: { field: 'contact' },
    });
    expect(transport.asked).toEqual([]);
  });

  test('reads an answer that comes in pieces, cut inside a character', async () => {
    const text = bytes('{"removed":"Grüße","cancelled":0}');
    async function* split() {
      for (const byte of text) yield Uint8Array.of(byte);
    }
    await expect(createClient(fakeTransport(split())).remove({ contact: 'x' })).resolves.toEqual({
      removed: 'Grüße',
      cancelled: 0,
    });
  });

  test('throws the error that the node threw', async () => {
    const error = new MeshError('AMBIGUOUS', 'bo matches 2', { hint: 'say more', data: { matches: ['bob', 'bo'] } });
    const transport = fakeTransport(bytes(JSON.stringify(toErrorBody(error))), 409);
    await expect(createClient(transport).contact({ contact: 'bo' })).rejects.toMatchObject({
      code: 'AMBIGUOUS',
      message: 'bo matches 2',
      hint: 'say more',
      data: { matches: ['bob', 'bo'] },
    });
  });

  test('says that an answer is not one of the API', async () => {
    await expect(createClient(fakeTransport(bytes('<html>'), 200)).status()).rejects.toMatchObject({
      code: 'INTERNAL',
    });
    await expect(createClient(fakeTransport(bytes('<html>'), 502)).status()).rejects.toMatchObject({
      code: 'INTERNAL',
    });
  });

  test('asks nothing when the signal is aborted already', async () => {
    const transport = fakeTransport(bytes('{}'));
    const reason = new Error('enough');
    await expect(createClient(transport).status({}, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(transport.asked).toEqual([]);
  });
});

describe('the stream of a scan', () => {
  const progress = { type: 'progress', done: 1, total: 1 };
  const done = { type: 'done', total: 1, found: 0 };
  const input = { targets: ['http://h'] };

  test('yields lines as they come, wherever they are cut', async () => {
    const text = `${JSON.stringify(progress)}\n${JSON.stringify(done)}\n`;
    const body = pieces(text.slice(0, 10), text.slice(10, 50), text.slice(50));
    expect(await all(createClient(fakeTransport(body)).scan(input))).toEqual([progress, done]);
  });

  test('throws the error of its last line', async () => {
    const failed = toErrorBody(new MeshError('SHUTTING_DOWN', 'stopping'));
    const body = pieces(`${JSON.stringify(progress)}\n`, `${JSON.stringify(failed)}\n`);
    const seen: unknown[] = [];
    const reading = (async () => {
      for await (const line of createClient(fakeTransport(body)).scan(input)) seen.push(line);
    })();
    await expect(reading).rejects.toMatchObject({ code: 'SHUTTING_DOWN', message: 'stopping' });
    expect(seen).toEqual([progress]);
  });

  test('throws when it ends before it is done', async () => {
    const body = pieces(`${JSON.stringify(progress)}\n`);
    await expect(all(createClient(fakeTransport(body)).scan(input))).rejects.toMatchObject({ code: 'LINK_CLOSED' });
  });

  test('throws the error of an answer that is none', async () => {
    const refused = bytes(JSON.stringify(toErrorBody(new MeshError('INVALID_ARGUMENT', 'targets is missing'))));
    const scanning = all(createClient(fakeTransport(refused, 400)).scan(input));
    await expect(scanning).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', message: 'targets is missing' });
  });

  test('closes the answer when its reader stops', async () => {
    let closed = false;
    async function* endless() {
      try {
        for (;;) yield bytes(`${JSON.stringify(progress)}\n`);
      } finally {
        closed = true;
      }
    }
    for await (const line of createClient(fakeTransport(endless())).scan(input)) {
      expect(line).toEqual(progress);
      break;
    }
    expect(closed).toBe(true);
  });
});
