import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { stateDir } from '#node';
import { HostilePeer } from '../support/hostile-peer.ts';
import { type HttpAnswer, type HttpCall, httpCall } from '../support/http-call.ts';
import { Story, stillTalk } from '../support/story.ts';
import { pair, signal, type TestNode } from '../support/test-agents.ts';

const story = new Story();
let alice: TestNode;
let bob: TestNode;
let token: string;

beforeAll(async () => {
  alice = await story.start('alice', { withApi: true });
  bob = await story.start('bob');
  await pair(alice, bob);
  token = readFileSync(stateDir(alice.dir).token, 'utf8').trim();
});

afterAll(() => story[Symbol.asyncDispose]());

const portOf = (node: TestNode): number => node.node.listening.apiAddress?.port ?? 0;

/** With the token and the right Host, unless said otherwise. */
const call = (path: string, { headers = {}, ...rest }: Partial<HttpCall> = {}): Promise<HttpAnswer> => {
  const port = portOf(alice);
  const host = `127.0.0.1:${port}`;
  return httpCall({ port, path, headers: { host, authorization: `Bearer ${token}`, ...headers }, ...rest });
};

const post = (path: string, body: unknown, headers: Readonly<Record<string, string>> = {}): Promise<HttpAnswer> =>
  call(path, {
    method: 'POST',
    body: typeof body === 'string' ? body : JSON.stringify(body),
    headers: { 'content-type': 'application/json', ...headers },
  });

const sendText = { to: 'bob', text: 'by the API' };
const outbox = async () => (await alice.api.outbox({}, { signal })).messages.length;

/** The refused call sent nothing, and the same one with what it lacked does. */
async function expectHarmless(refused: HttpAnswer): Promise<void> {
  expect(refused.text).not.toContain(token);
  const before = await outbox();
  const good = await post('/api/messages', sendText);
  expect([good.status, good.code]).toEqual([200, undefined]);
  expect(await outbox()).toBe(before + 1);
  await stillTalk(bob, alice);
}

describe('the local API answers nobody', () => {
  const wrong = (): Readonly<Record<string, string>> => ({
    'without a token': '',
    'with another token': `Bearer ${'x'.repeat(token.length)}`,
    'with a part of the token': `Bearer ${token.slice(0, -1)}`,
    'with more than the token': `Bearer ${token}x`,
    'with the token in another scheme': `Basic ${Buffer.from(`:${token}`).toString('base64')}`,
  });

  test.each([
    'without a token',
    'with another token',
    'with a part of the token',
    'with more than the token',
    'with the token in another scheme',
  ])('%s', async (what) => {
    const authorization = wrong()[what] ?? '';
    const before = await outbox();
    for (const path of ['/api/status', '/api/inbox', '/api/events', '/api/openapi.json', '/api/nothing']) {
      const answer = await call(path, { headers: { authorization } });
      expect([answer.status, answer.code]).toEqual([401, 'UNAUTHORIZED']);
      expect(answer.headers['www-authenticate']).toBe('Bearer');
    }
    const answer = await post('/api/messages', sendText, { authorization });
    expect([answer.status, answer.code]).toEqual([401, 'UNAUTHORIZED']);
    expect(await outbox()).toBe(before);
    await expectHarmless(answer);
  });

  test.each(['evil.example', 'localhost.evil.example', '127.0.0.1', '0.0.0.0:80'])(
    'by the Host %j, token or not',
    async (host) => {
      const before = await outbox();
      const answer = await post('/api/messages', sendText, { host });
      expect([answer.status, answer.code]).toEqual([403, 'FORBIDDEN_ORIGIN']);
      expect(await outbox()).toBe(before);
      await expectHarmless(answer);
    },
  );

  test('without a Host', async () => {
    const socket = connect(portOf(alice), '127.0.0.1');
    socket.end(`GET /api/status HTTP/1.0\r\nAuthorization: Bearer ${token}\r\n\r\n`);
    const answer = (await socket.setEncoding('utf8').toArray()).join('');
    expect(answer).toMatch(/^HTTP\/1\.1 403 /);
    expect(answer).toContain('FORBIDDEN_ORIGIN');
  });

  test.each(['https://evil.example', 'http://127.0.0.1', 'http://127.0.0.1:1', 'null', 'file://'])(
    'from a page of the Origin %j, token or not',
    async (origin) => {
      const before = await outbox();
      const answer = await post('/api/messages', sendText, { origin });
      expect([answer.status, answer.code]).toEqual([403, 'FORBIDDEN_ORIGIN']);
      expect(answer.headers['access-control-allow-origin']).toBeUndefined();
      const preflight = await call('/api/messages', {
        method: 'OPTIONS',
        headers: { origin, 'access-control-request-method': 'POST' },
      });
      expect(preflight.status).toBe(403);
      expect(await outbox()).toBe(before);
      await expectHarmless(answer);
    },
  );

  test('but its owner, by each of its names and from its own pages', async () => {
    const port = portOf(alice);
    for (const host of [`127.0.0.1:${port}`, `localhost:${port}`]) {
      expect((await call('/api/status', { headers: { host, origin: `http://${host}` } })).status).toBe(200);
    }
  });

  test('on the public listener, where it does not exist', async () => {
    const { port } = alice.node.listening.publicAddress;
    for (const path of ['/api/status', '/api/inbox', '/api/openapi.json']) {
      const answer = await httpCall({ port, path, headers: { authorization: `Bearer ${token}` } });
      expect([answer.status, answer.code]).toEqual([404, 'NOT_FOUND']);
    }
  });
});

describe('the local API refuses', () => {
  test.each<[string, string, () => Promise<HttpAnswer>]>([
    ['a body that is no JSON', '400 INVALID_ARGUMENT', () => post('/api/messages', '{"to":')],
    ['a body that is a list', '400 INVALID_ARGUMENT', () => post('/api/messages', '[]')],
    [
      'a body of another type',
      '400 INVALID_ARGUMENT',
      () => post('/api/messages', sendText, { 'content-type': 'text/plain' }),
    ],
    [
      'a body larger than 1 MB',
      '413 BODY_TOO_LARGE',
      () => post('/api/messages', { ...sendText, text: 't'.repeat(2 ** 20) }),
    ],
    ['a field that is not known', '400 INVALID_ARGUMENT', () => post('/api/messages', { ...sendText, from: 'bob' })],
    [
      'a text that is too large',
      '413 MESSAGE_TOO_LARGE',
      () => post('/api/messages', { ...sendText, text: 't'.repeat(64 * 1024 + 1) }),
    ],
    [
      'a subject that is too long',
      '413 SUBJECT_TOO_LONG',
      () => post('/api/messages', { ...sendText, subject: 's'.repeat(201) }),
    ],
    [
      'a file that is no base64',
      '400 INVALID_ARGUMENT',
      () => post('/api/messages', { ...sendText, attachments: [{ name: 'a', mediaType: 'text/plain', base64: '§' }] }),
    ],
    ['a receiver that is nobody', '404 NOT_FOUND', () => post('/api/messages', { ...sendText, to: '../../bob' })],
    ['a receiver with a NUL', '400 INVALID_ARGUMENT', () => post('/api/messages', { ...sendText, to: 'bob\0' })],
    ['a method that is not meant', '405 METHOD_NOT_ALLOWED', () => call('/api/messages', { method: 'DELETE' })],
  ])('%s with %s', async (_what, expected, make) => {
    const before = await outbox();
    const answer = await make();
    expect(`${answer.status} ${answer.code}`).toBe(expected);
    expect(await outbox()).toBe(before);
    await expectHarmless(answer);
  });

  test.each([
    ['that is a path', '..%2F..%2F..%2Fetc%2Fpasswd', [404, 'NOT_FOUND']],
    ['that begins well and is a path', 'req_..%2F..%2Fapi-token', [404, 'NOT_FOUND']],
    ['of nobody', 'req_01900000-0000-7000-8000-000000000001', [404, 'NOT_FOUND']],
    ['that is a NUL', 'req_%00', [400, 'INVALID_ARGUMENT']],
    ['that ends in a NUL', 'mallory%00', [400, 'INVALID_ARGUMENT']],
    ['that is badly escaped', '%', [404, 'NOT_FOUND']],
    ['that is very long', 'x'.repeat(4000), [400, 'INVALID_ARGUMENT']],
  ] as const)('to decide about a request with an id %s', async (_what, id, expected) => {
    const mallory = await HostilePeer.create();
    const to = alice.host.agent.agentId;
    const frame = mallory.frame(to, { kind: 'request', bytes: await mallory.request(to) });
    expect(await mallory.tell(alice, frame)).toBe('delivered');
    for (const verb of ['approve', 'reject']) {
      const answer = await post(`/api/requests/${id}/${verb}`, {});
      expect([answer.status, answer.code]).toEqual(expected);
      expect(answer.text).not.toContain('root:');
    }
    const { requests } = await alice.api.requests({}, { signal });
    expect(requests).toMatchObject([{ agentId: mallory.agentId }]);
    const good = await post(`/api/requests/${requests[0]?.id}/reject`, {});
    expect([good.status, (await alice.api.requests({}, { signal })).requests]).toEqual([200, []]);
  });
});
