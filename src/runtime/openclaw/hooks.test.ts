import { createServer, type Server, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { defaultLimits, type LogFields, silentLogger, toMeshError } from '#kernel';
import { inboundMessage } from '../../../test/support/inbound-message.ts';
import { until } from '../../../test/support/story.ts';
import { ManualClock } from '../../../test/support/manual-clock.ts';
import type { Runtime } from '../runtime.ts';
import { type Fields, fieldsOf } from './gateway-frames.ts';
import { type HooksOptions, hooksRuntime } from './hooks.ts';

interface Call {
  readonly path: string;
  readonly key: unknown;
  readonly body: Fields;
}

const hookToken = 'token-of-the-hooks';
const live = { signal: new AbortController().signal };
let server: Server;
let url = '';
let calls: Call[] = [];
let logged: LogFields[] = [];
let respond: (response: ServerResponse, call: Call) => void;
let clock: ManualClock;

beforeAll(async () => {
  server = createServer((request, response) => {
    void text(request).then((said) => {
      const body = fieldsOf(said === '' ? {} : JSON.parse(said));
      const call = { path: request.url ?? '', key: request.headers['idempotency-key'], body };
      if (request.method === 'POST') calls.push(call);
      respond(response, call);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  url = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
});
afterAll(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});
beforeEach(() => {
  calls = [];
  logged = [];
  clock = new ManualClock();
});

function open(changed: Partial<HooksOptions> = {}): Runtime {
  return hooksRuntime({
    url,
    hook: '/hooks/agent',
    hookToken,
    sessionMode: 'persistent',
    gatewayAgent: 'main',
    timeoutMs: 60_000,
    concurrency: 4,
    clock,
    limits: defaultLimits,
    logger: { ...silentLogger, warn: (_event, fields) => logged.push(fields ?? {}) },
    ...changed,
  });
}

const json = (response: ServerResponse, body: unknown, status = 200): unknown =>
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
const ending =
  (status: string): typeof respond =>
  (response, { body }) =>
    json(
      response,
      body['waitForCompletion'] === true ? { ok: true, completion: { status } } : { ok: true, runId: 'r1' },
    );

const failure = async (runtime = open(), inbound = inboundMessage()) => {
  const error: unknown = await runtime.handle(inbound, live).catch((caught: unknown) => caught);
  return toMeshError(error);
};

describe('a message over the hooks of a gateway', () => {
  it('is one run in a session of its peer and conversation, known by its id, and has no answer without the token of the gateway', async () => {
    respond = ending('ok');
    const inbound = inboundMessage({ payload: { body: '/new what is new?' } });
    expect(await open().handle(inbound, live)).toBeUndefined();
    expect(calls.map(({ path, key }) => [path, key])).toEqual([
      ['/hooks/agent', inbound.message.id],
      ['/hooks/agent', inbound.message.id],
    ]);
    const [first, second] = calls.map(({ body }) => body);
    expect(second).toEqual({ ...first, waitForCompletion: true });
    expect(first).toMatchObject({
      sessionKey: `hook:mesh:bob:${inbound.message.conversationId}`,
      sessionMode: 'persistent',
      agentId: 'main',
      deliver: false,
    });
    expect(first?.['message']).toContain('[Agent Mesh: request from the agent "bob"');
    expect(first?.['message']).toContain(`mesh reply ${inbound.message.id} TEXT`);
  });

  it('is the only thing that a mapping gets, and is done with when the mapping took it', async () => {
    respond = ending('ok');
    expect(await open({ hook: '/hooks/inbox' }).handle(inboundMessage(), live)).toBeUndefined();
    expect(calls).toHaveLength(1);
    expect(Object.keys(calls[0]?.body ?? {})).toEqual(['message']);
  });

  it('that failed is tried again as another run', async () => {
    const runtime = open();
    respond = ending('error');
    expect(await failure(runtime)).toMatchObject({ code: 'HANDLER_FAILED' });
    respond = ending('ok');
    await runtime.handle({ ...inboundMessage(), attempt: 2 }, live);
    const { id } = inboundMessage().message;
    expect(calls.map(({ key }) => key)).toEqual([id, id, `${id}#2`, `${id}#2`]);
  });

  it('is not begun again by a gateway that was restarted after it took it', async () => {
    const runtime = open();
    let uptimeMs = 1_000_000;
    respond = (response, { path, body }) => {
      if (path === '/readyz') json(response, { ready: true, uptimeMs });
      else if (body['waitForCompletion'] === true) response.destroy();
      else json(response, { ok: true, runId: 'r1' });
    };
    expect(await failure(runtime)).toMatchObject({ code: 'GATEWAY_UNREACHABLE' });
    // It runs on: the same key finds the same run.
    expect(await failure(runtime)).toMatchObject({ code: 'GATEWAY_UNREACHABLE' });
    expect(new Set(calls.map(({ key }) => key)).size).toBe(1);
    const before = calls.length;
    uptimeMs = 10;
    await clock.advance(5000);
    expect(await runtime.handle(inboundMessage(), live)).toBeUndefined();
    expect(calls).toHaveLength(before);
  });

  it('waits behind another one of its session, and not behind those of others', async () => {
    const open4 = open();
    const held: (() => void)[] = [];
    respond = (response, call) => void held.push(() => ending('ok')(response, call));
    const message = (id: `msg_${string}`, conversationId: `conv_${string}`) => inboundMessage({ id, conversationId });
    const all = [message('msg_a', 'conv_1'), message('msg_b', 'conv_1'), message('msg_c', 'conv_2')];
    const done = Promise.all(all.map((one) => open4.handle(one, live)));
    await until(() => held.length === 2);
    expect(calls.map(({ key }) => key).toSorted()).toEqual(['msg_a', 'msg_c']);
    respond = ending('ok');
    for (const go of held) go();
    await done;
    expect(calls.filter(({ key }) => key === 'msg_b')).toHaveLength(2);
  });
});

describe('a gateway that does not take it', () => {
  it.each([
    [401, 'Unauthorized', 'GATEWAY_DENIED', 'hooks.token'],
    [404, 'Not Found', 'GATEWAY_DENIED', 'hooks.enabled'],
    [405, 'Method Not Allowed', 'GATEWAY_DENIED', 'hooks.enabled'],
    [429, 'Too many', 'GATEWAY_DENIED', 'in a minute'],
    [302, '', 'GATEWAY_DENIED', 'hooks.enabled'],
    [409, '', 'GATEWAY_UNREACHABLE', 'Start it'],
    [503, '', 'GATEWAY_UNREACHABLE', 'Start it'],
    [413, '', 'HANDLER_FAILED', ''],
    [502, '', 'HANDLER_FAILED', ''],
  ] as const)('with status %i is told from one that fails', async (status, said, code, hint) => {
    respond = (response) => response.writeHead(status, { location: 'http://192.0.2.1/' }).end(said);
    const runtime = open();
    const error = await failure(runtime);
    expect(error).toMatchObject({ code, hint: expect.stringContaining(hint) });
    expect(runtime.trouble?.code).toBe(code === 'HANDLER_FAILED' ? undefined : code);
    respond = ending('ok');
    await runtime.handle(inboundMessage(), live);
    expect(runtime.trouble).toBeUndefined();
  });

  it('says why, and neither errors nor logs hold the token or the message', async () => {
    respond = (response, { body }) =>
      json(response, { ok: false, error: `no: ${hookToken} ${String(body['x'])}` }, 400);
    const error = await failure(open(), inboundMessage({ payload: { body: 'private words' } }));
    expect(error).toMatchObject({ code: 'GATEWAY_DENIED', message: expect.stringContaining('no: …') });
    const told = JSON.stringify([error, error.data, error.hint, logged, error.stack]);
    expect(told).not.toContain(hookToken);
    expect(told).not.toContain('private words');
    expect(logged).toHaveLength(1);
  });

  it('or answers without end, with rubbish, or as something else, fails', async () => {
    respond = (response) => {
      response.writeHead(200);
      const pour = (): void => void (response.write('x'.repeat(60_000)) && setImmediate(pour));
      pour();
    };
    expect(await failure()).toMatchObject({ code: 'HANDLER_FAILED' });
    respond = (response) => response.end('<html>');
    expect(await failure()).toMatchObject({ code: 'HANDLER_FAILED' });
    respond = (response) => json(response, { ok: 'yes' });
    expect(await failure()).toMatchObject({ code: 'HANDLER_FAILED' });
    respond = (response) => json(response, { ok: true });
    expect(await failure()).toMatchObject({ code: 'HANDLER_FAILED' });
  });

  it('or is not there, or takes too long, is told', async () => {
    expect(await failure(open({ url: 'http://127.0.0.1:9' }))).toMatchObject({ code: 'GATEWAY_UNREACHABLE' });
    respond = () => undefined;
    const late = failure(open({ timeoutMs: 1000 }));
    await until(() => calls.length === 1);
    await clock.advance(1000);
    expect(await late).toMatchObject({ code: 'HANDLER_TIMEOUT' });
  });

  it('is not asked at an address that is none', () => {
    for (const wrong of ['ftp://127.0.0.1', 'http://user:word@127.0.0.1', 'here'])
      expect(() => open({ url: wrong })).toThrow('http://');
  });
});
