import { describe, expect, test } from 'vitest';
import {
  defaultLimits,
  type ErrorCode,
  errorTable,
  type LogFields,
  type Logger,
  MeshError,
  silentLogger,
} from '#kernel';
import { loadSchemas, operationNames, type Operations, routeOf } from '#api';
import { outboxStates, inboxStates } from '#delivery';
import { messageTypes, priorities } from '#protocol';
import { contactStates, tiers } from '#trust';
import { ManualClock } from '../../../test/support/manual-clock.ts';
import { stubOperations } from '../../../test/support/stub-operations.ts';
import { type Api, createApi } from './api.ts';
import { loopbackHosts } from '#host';

const token = 'the-token-of-this-node';
const host = '127.0.0.1:8788';

interface Call {
  readonly method?: string;
  /** `undefined` leaves the header out. */
  readonly headers?: Readonly<Record<string, string | undefined>>;
  readonly body?: string | Uint8Array<ArrayBuffer>;
}

function apiWith(given: Partial<Operations> = {}, logger: Logger = silentLogger) {
  const { operations, calls } = stubOperations(given);
  const options = { operations, token, version: '1.0.0', clock: new ManualClock(), limits: defaultLimits, logger };
  return { api: createApi({ ...options, allowedHosts: () => loopbackHosts(8788) }), calls };
}

async function call(api: Api, path: string, { method = 'GET', headers = {}, body }: Call = {}): Promise<Response> {
  const all = {
    host,
    authorization: `Bearer ${token}`,
    ...(method === 'POST' ? { 'content-type': 'application/json' } : {}),
    ...headers,
  };
  const sent = Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return api.fetch(
    new Request(`http://localhost${path}`, { method, headers: sent, ...(body === undefined ? {} : { body }) }),
  );
}

const post = (
  api: Api,
  path: string,
  { headers, ...body }: { headers?: Call['headers']; [field: string]: unknown },
): Promise<Response> =>
  call(api, path, { method: 'POST', body: JSON.stringify(body), ...(headers === undefined ? {} : { headers }) });

interface Failure {
  readonly status: number;
  readonly code: string;
  readonly message: string;
  readonly data: unknown;
}

async function failureOf(response: Response): Promise<Failure> {
  const { error, ...rest } = (await response.json()) as { error: Record<string, unknown> };
  expect(rest).toEqual({});
  expect(Object.keys(error)).toEqual(['code', 'message', 'hint', 'data']);
  return { status: response.status, code: String(error.code), message: String(error.message), data: error.data };
}

describe('who may use the local API', () => {
  test('somebody with the token, at an address of the API', async () => {
    const { api, calls } = apiWith();
    const response = await call(api, '/api/status');
    expect([response.status, await response.json()]).toEqual([200, { name: 'status' }]);
    expect(calls).toMatchObject([{ name: 'status', input: {} }]);
  });

  test.each(['127.0.0.1:8788', 'localhost:8788', '[::1]:8788', 'LOCALHOST:8788'])('by the Host %s', async (name) => {
    expect((await call(apiWith().api, '/api/status', { headers: { host: name } })).status).toBe(200);
  });

  test.each([
    undefined,
    '',
    'Bearer',
    'Bearer ',
    `Bearer ${token}x`,
    `Bearer ${token} x`,
    `Basic ${token}`,
    token,
    'Bearer undefined',
  ])('nobody with the authorization %j', async (authorization) => {
    const { api, calls } = apiWith();
    const response = await call(api, '/api/status', { headers: { authorization } });
    expect(response.headers.get('www-authenticate')).toBe('Bearer');
    expect(await failureOf(response)).toMatchObject({ status: 401, code: 'UNAUTHORIZED' });
    expect(calls).toEqual([]);
  });

  test.each([
    undefined,
    'evil.example',
    'evil.example:8788',
    '127.0.0.1',
    '127.0.0.1:80',
    '127.0.0.1:8788.evil.example',
    '0.0.0.0:8788',
  ])('nobody by the Host %j, as a rebound name would be', async (name) => {
    const { api, calls } = apiWith();
    const response = await call(api, '/api/status', { headers: { host: name } });
    expect(await failureOf(response)).toMatchObject({ status: 403, code: 'FORBIDDEN_ORIGIN' });
    expect(calls).toEqual([]);
  });

  test('a page of the API itself', async () => {
    const headers = { origin: 'http://localhost:8788' };
    expect((await call(apiWith().api, '/api/status', { headers })).status).toBe(200);
  });

  test.each([
    'https://evil.example',
    'null',
    'http://127.0.0.1:8787',
    'http://127.0.0.1',
    'https://127.0.0.1:8788',
    '',
  ])('no page of the Origin %j, even with the token', async (origin) => {
    const { api, calls } = apiWith();
    const response = await call(api, '/api/status', { headers: { origin } });
    expect(await failureOf(response)).toMatchObject({ status: 403, code: 'FORBIDDEN_ORIGIN' });
    expect(calls).toEqual([]);
  });

  test('no page by asking for permission first', async () => {
    const headers = {
      origin: 'https://evil.example',
      'access-control-request-method': 'POST',
      authorization: undefined,
    };
    const response = await call(apiWith().api, '/api/messages', { method: 'OPTIONS', headers });
    expect(response.status).toBe(403);
    expect([...response.headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([]);
  });

  test('who has no token does not learn which addresses exist', async () => {
    const { api } = apiWith();
    const headers = { authorization: 'Bearer wrong' };
    const [known, unknown] = [
      await call(api, '/api/status', { headers }),
      await call(api, '/api/nothing', { headers }),
    ];
    expect(await known.text()).toBe(await unknown.text());
  });

  test('a token that is too short is no protection and is refused at the start', () => {
    const options = {
      operations: stubOperations().operations,
      version: '1',
      clock: new ManualClock(),
      limits: defaultLimits,
    };
    const create = (short: string) =>
      createApi({ ...options, logger: silentLogger, token: short, allowedHosts: () => [host] });
    expect(() => create('')).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
    expect(() => create('x'.repeat(16))).not.toThrow();
  });
});

describe('what the local API takes', () => {
  test('fields of the path, decoded', async () => {
    const { api, calls } = apiWith();
    await post(api, '/api/contacts/bob%2F..%2F%C3%A4/rename', { name: 'x' });
    expect(calls).toMatchObject([{ name: 'rename', input: { contact: 'bob/../ä', name: 'x' } }]);
  });

  test('fields of the query, as what they are', async () => {
    const { api, calls } = apiWith();
    await call(api, '/api/inbox?unread=false&limit=7&afterSeq=0&peer=7&agent=true');
    expect(calls).toMatchObject([{ input: { unread: false, limit: 7, afterSeq: 0, peer: '7', agent: 'true' } }]);
  });

  test.each([
    ['/api/inbox?limit=x', 'limit must be a whole number'],
    ['/api/inbox?limit=1.5', 'limit must be a whole number'],
    ['/api/inbox?limit=', 'limit must be a whole number'],
    ['/api/inbox?limit=0', 'limit must be >=1'],
    ['/api/inbox?limit=99999999', 'limit must be <=10000'],
    ['/api/inbox?unread=yes', 'unread must be true or false'],
    ['/api/inbox?limit=1&limit=2', 'limit is there more than once'],
    ['/api/inbox?colour=red', 'colour is not known in the query'],
    ['/api/inbox?__proto__=1', '__proto__ is not known in the query'],
    ['/api/inbox?agent=', 'agent must have >=1 characters'],
    ['/api/contacts?state=friendly', 'state must be one of "discovered"'],
    ['/api/inbox/msg_1/attachments/first', 'index must be a whole number'],
    ['/api/inbox/msg_1/attachments/-1', 'index must be >=0'],
    ['/api/inbox/a%00b', 'id must not contain control characters'],
    [`/api/inbox/${'a'.repeat(201)}`, 'id must have <=200 characters'],
  ])('not GET %s', async (path, message) => {
    const { api, calls } = apiWith();
    const failure = await failureOf(await call(api, path));
    expect(failure).toMatchObject({ status: 400, code: 'INVALID_ARGUMENT', message: expect.stringContaining(message) });
    expect(calls).toEqual([]);
  });

  test.each([
    [{}, 'to is missing; text is missing'],
    [{ to: 'bob', text: 7 }, 'text must be string, received number'],
    [{ to: 'bob', text: null }, 'text must be string, received null'],
    [{ to: 'bob', text: 'x', colour: 'red', form: 1 }, 'colour is not known; form is not known'],
    [{ to: 'bob', text: 'x', type: 'shout' }, 'type must be one of "request"'],
    [{ to: 'bob', text: 'x', ttlSeconds: 0 }, 'ttlSeconds must be >=1'],
    [{ to: 'bob', text: 'x', attachments: [{ name: 'a', mediaType: 'b' }] }, 'attachments[0].base64 is missing'],
    [
      { to: 'bob', text: 'x', attachments: [{ name: 'a', mediaType: 'b', base64: '', path: '/' }] },
      'attachments[0].path is not known',
    ],
    [{ to: 'bob', text: 'x', metadata: [] }, 'metadata must be record'],
  ])('not the message %j', async (body, message) => {
    const { api, calls } = apiWith();
    const failure = await failureOf(await post(api, '/api/messages', body));
    expect(failure).toMatchObject({ status: 400, code: 'INVALID_ARGUMENT', message: expect.stringContaining(message) });
    expect(failure.data).toMatchObject({
      issues: expect.arrayContaining([{ field: expect.any(String), problem: expect.any(String) }]),
    });
    expect(calls).toEqual([]);
  });

  test('never a value in an error: it may be a message', async () => {
    const body = { to: 'bob', text: ['a secret'], metadata: 'a secret', subject: { a: 'secret' } };
    const failure = await failureOf(await post(apiWith().api, '/api/messages', body));
    expect(failure.message).toContain('subject must be string');
    expect(JSON.stringify(failure)).not.toContain('secret');
  });

  test('no prototype from a body', async () => {
    const { api, calls } = apiWith();
    const polluting = '{"to":"bob","text":"x","__proto__":{"admin":true}}';
    const refused = await call(api, '/api/messages', { method: 'POST', body: polluting });
    expect(await failureOf(refused)).toMatchObject({ status: 400, message: '__proto__ is not known' });
    await call(api, '/api/messages', {
      method: 'POST',
      body: '{"to":"b","text":"x","metadata":{"__proto__":{"admin":true}}}',
    });
    const { metadata } = { metadata: {}, ...(calls[0]?.input as object | undefined) };
    expect(calls).toHaveLength(1);
    expect(Object.getPrototypeOf(metadata)).toBe(Object.prototype);
    expect('admin' in metadata).toBe(false);
  });

  test('a field only once, in the address or in the body', async () => {
    const failure = await failureOf(
      await post(apiWith().api, '/api/contacts/bob/rename', { name: 'x', contact: 'eve' }),
    );
    expect(failure).toMatchObject({ status: 400, message: 'contact stands in the address already' });
  });

  test.each(['', '{', 'text', '{"a":1}}', '\uFEFF\uFEFF{}'])('not the body %j', async (body) => {
    const response = await call(apiWith().api, '/api/shutdown', { method: 'POST', body });
    expect(await failureOf(response)).toMatchObject({ status: 400, message: 'The body is not JSON in UTF-8' });
  });

  test.each(['[]', 'null', '7', '"text"'])('no body that is not an object: %s', async (body) => {
    const response = await call(apiWith().api, '/api/shutdown', { method: 'POST', body });
    expect(await failureOf(response)).toMatchObject({ status: 400, message: 'The body must be a JSON object' });
  });

  test('no text that is not UTF-8, rather than another text', async () => {
    const body = Uint8Array.from([...Buffer.from('{"name":"'), 0xff, ...Buffer.from('"}')]);
    const { api, calls } = apiWith();
    expect((await call(api, '/api/agents', { method: 'POST', body })).status).toBe(400);
    expect(calls).toEqual([]);
  });

  test.each([undefined, 'text/plain', 'application/x-www-form-urlencoded', 'text/plain; application/json'])(
    'no body of the type %j, which any page could send',
    async (type) => {
      const { api, calls } = apiWith();
      const response = await post(api, '/api/shutdown', { headers: { 'content-type': type } });
      const message = expect.stringContaining('application/json');
      expect(await failureOf(response)).toMatchObject({ status: 400, code: 'INVALID_ARGUMENT', message });
      expect(calls).toEqual([]);
    },
  );

  test('JSON with a charset', async () => {
    const headers = { 'content-type': 'Application/JSON; charset=utf-8' };
    expect((await post(apiWith().api, '/api/shutdown', { headers })).status).toBe(200);
  });

  test('a body of 1 MB and not a byte more, whatever its header says', async () => {
    const { api, calls } = apiWith();
    const bodyOf = (bytes: number): string => JSON.stringify({ name: 'x'.repeat(bytes - 11) });
    expect((await call(api, '/api/agents', { method: 'POST', body: bodyOf(1024 * 1024) })).status).toBe(200);
    const tooLarge = await call(api, '/api/agents', { method: 'POST', body: bodyOf(1024 * 1024 + 1) });
    expect(await failureOf(tooLarge)).toMatchObject({ status: 413, code: 'BODY_TOO_LARGE' });
    const announced = await post(api, '/api/agents', { headers: { 'content-length': '1048577' } });
    expect(await failureOf(announced)).toMatchObject({ status: 413, code: 'BODY_TOO_LARGE' });
    expect(calls).toHaveLength(1);
  });
});

describe('what the local API answers', () => {
  test.each(Object.keys(errorTable) as ErrorCode[])('%s with its status, hint and data', async (code) => {
    const thrown = new MeshError(code, 'what failed', { data: { id: 'msg_1' } });
    const { api } = apiWith({ status: () => Promise.reject(thrown) });
    const response = await call(api, '/api/status');
    expect(response.status).toBe(errorTable[code].status);
    const { hint } = errorTable[code];
    expect(await response.json()).toEqual({ error: { code, message: 'what failed', hint, data: { id: 'msg_1' } } });
  });

  test('of a foreign error only that it happened; the log gets its place but not its text', async () => {
    const lines: [string, LogFields | undefined][] = [];
    const logger: Logger = { ...silentLogger, error: (event, fields) => void lines.push([event, fields]) };
    const { api } = apiWith({ status: () => Promise.reject(new TypeError('a secret text')) }, logger);
    const response = await call(api, '/api/status');
    const body = await response.text();
    expect([response.status, JSON.parse(body)]).toMatchObject([500, { error: { code: 'INTERNAL' } }]);
    expect(body).not.toMatch(/secret|TypeError|api\.test/);
    expect(lines).toMatchObject([['api.failed', { error: 'TypeError', at: expect.stringContaining('api.test.ts') }]]);
    expect(JSON.stringify(lines)).not.toContain('secret');
  });

  test('when to try again', async () => {
    const thrown = new MeshError('RATE_LIMITED', 'slow down', { data: { retryAfterMs: 1200 } });
    const response = await call(apiWith({ status: () => Promise.reject(thrown) }).api, '/api/status');
    expect(response.headers.get('retry-after')).toBe('2');
  });

  test.each(['/', '/api', '/api/', '/api/status/', '/API/status', '/api/nothing', '/api/contacts/bob/nothing'])(
    'NOT_FOUND at %s',
    async (path) => {
      expect(await failureOf(await call(apiWith().api, path))).toMatchObject({ status: 404, code: 'NOT_FOUND' });
    },
  );

  test.each([
    ['POST', '/api/status', 'GET'],
    ['DELETE', '/api/agents', 'GET, POST'],
    ['PUT', '/api/contacts/bob', 'GET'],
    ['GET', '/api/contacts/bob/block', 'POST'],
    ['OPTIONS', '/api/messages', 'POST'],
    ['POST', '/api/events', 'GET'],
  ])('METHOD_NOT_ALLOWED to %s %s', async (method, path, allow) => {
    const { api, calls } = apiWith();
    const response = await call(api, path, { method });
    expect(response.headers.get('allow')).toBe(allow);
    expect(await failureOf(response)).toMatchObject({ status: 405, code: 'METHOD_NOT_ALLOWED' });
    expect(calls).toEqual([]);
  });

  test('HEAD without a body', async () => {
    const response = await call(apiWith().api, '/api/status', { method: 'HEAD' });
    expect([response.status, await response.text()]).toEqual([200, '']);
  });

  test.each(['/api/status', '/api/nothing', '/api/openapi.json'])(
    '%s with headers against framing, sniffing and caching',
    async (path) => {
      const { headers } = await call(apiWith().api, path);
      expect(Object.fromEntries(headers)).toMatchObject({
        'x-content-type-options': 'nosniff',
        'cache-control': 'no-store',
        'content-security-policy': expect.stringContaining("frame-ancestors 'none'"),
        'cross-origin-resource-policy': 'same-origin',
      });
      expect(headers.has('access-control-allow-origin')).toBe(false);
    },
  );

  test('the OpenAPI document, to who has the token', async () => {
    const response = await call(apiWith().api, '/api/openapi.json');
    expect(await response.json()).toMatchObject({ openapi: '3.1.0', info: { version: '1.0.0' } });
    const stranger = await call(apiWith().api, '/api/openapi.json', { headers: { authorization: undefined } });
    expect(stranger.status).toBe(401);
  });

  test('events only where a node runs', async () => {
    expect(await failureOf(await call(apiWith().api, '/api/events'))).toMatchObject({
      status: 503,
      code: 'NODE_NOT_RUNNING',
    });
  });
});

describe('operations that run', () => {
  /** Runs until its signal aborts, and rejects with the reason. */
  function waiting() {
    const started = Promise.withResolvers<void>();
    const ask: Operations['ask'] = (_input, { signal }) => {
      started.resolve();
      return new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
      });
    };
    return { ask, started: started.promise };
  }

  const body = { to: 'bob', text: '?', timeoutMs: 1000 };

  test('end with SHUTTING_DOWN when the API closes, and so do those that come later', async () => {
    const { ask, started } = waiting();
    const { api } = apiWith({ ask });
    const answer = post(api, '/api/ask', body);
    await started;
    api.close();
    expect(await failureOf(await answer)).toMatchObject({ status: 503, code: 'SHUTTING_DOWN' });
  });

  test('end when their caller goes away', async () => {
    const { ask, started } = waiting();
    const { api } = apiWith({ ask });
    const caller = new AbortController();
    const headers = { host, authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    const request = new Request('http://localhost/api/ask', {
      method: 'POST',
      headers,
      body: JSON.stringify(body),
      signal: caller.signal,
    });
    const answer = api.fetch(request);
    await started;
    caller.abort(new MeshError('LINK_CLOSED', 'gone'));
    expect(await failureOf(await answer)).toMatchObject({ code: 'LINK_CLOSED' });
  });
});

describe('the contract', () => {
  test('names the states, tiers and types of the rooms that own them', async () => {
    const { contact, send, outbox, inbox } = await loadSchemas();
    expect(contact.output.shape.state.options).toEqual([...contactStates]);
    expect(contact.output.shape.tier.options).toEqual([...tiers]);
    expect(send.output.shape.state.options).toEqual([...outboxStates]);
    expect(outbox.output.shape.messages.element.shape.state.options).toEqual([...outboxStates]);
    expect(inbox.output.shape.messages.element.shape.state.options).toEqual([...inboxStates]);
    expect(inbox.output.shape.messages.element.shape.type.options).toEqual([...messageTypes]);
    expect(inbox.output.shape.messages.element.shape.priority.options).toEqual([...priorities]);
  });

  test.each(operationNames)('%s has a handler', async (name) => {
    const { api } = apiWith();
    const { method, path } = routeOf(name);
    const response = await call(api, path.replaceAll(/:index/g, '0'), {
      method,
      ...(method === 'POST' ? { body: '{}' } : {}),
    });
    // Found and taken; some need more than an empty body.
    expect([200, 400]).toContain(response.status);
  });
});
