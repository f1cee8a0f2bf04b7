import { createHmac } from 'node:crypto';
import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { defaultLimits, type MeshError, silentLogger, toMeshError } from '#kernel';
import { toMessageJson } from '#protocol';
import { inboundMessage } from '../../test/support/inbound-message.ts';
import { ManualClock } from '../../test/support/manual-clock.ts';
import type { Answer, InboundMessage } from './runtime.ts';
import { type WebhookOptions, webhookRuntime } from './webhook.ts';
import { verifyWebhook } from './webhook-signature.ts';

interface Call {
  readonly path: string;
  readonly method: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

const secret = 'a shared secret';
const timeoutMs = 5000;
let clock: ManualClock;
let server: Server;
let base: string;
let calls: Call[];
let respond: (response: ServerResponse, call: Call) => void;

function portOf(listening: Server): number {
  const address = listening.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

beforeAll(async () => {
  server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { url: path = '', method = '', headers } = request;
      const call = { path, method, headers, body: Buffer.concat(chunks).toString() };
      calls.push(call);
      respond(response, call);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${portOf(server)}`;
});
afterAll(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});
beforeEach(() => {
  clock = new ManualClock();
  calls = [];
});
afterEach(() => {
  expect(clock.sleeping, 'no timer is left').toBe(0);
});

interface Given extends Partial<WebhookOptions> {
  readonly inbound?: InboundMessage;
  readonly signal?: AbortSignal;
}

function call(given: Given = {}): Promise<Answer | undefined> {
  const { inbound = inboundMessage(), signal = new AbortController().signal, ...changed } = given;
  const fixed = {
    url: `${base}/hook`,
    secret,
    timeoutMs,
    concurrency: 1,
    clock,
    limits: defaultLimits,
    logger: silentLogger,
  };
  return webhookRuntime({ ...fixed, ...changed }).handle(inbound, { signal });
}

const answering =
  (status: number, body = '', headers: Readonly<Record<string, string>> = {}): typeof respond =>
  (response) =>
    response.writeHead(status, headers).end(body);

const failure = (result: Promise<Answer | undefined>): Promise<MeshError> =>
  result.then(
    () => {
      throw new Error('the webhook did not fail');
    },
    (error: unknown) => toMeshError(error),
  );

describe('a webhook', () => {
  it('gets the message as JSON, signed with the shared secret', async () => {
    respond = answering(200, '{"body":"2","subject":"re"}');
    const inbound = inboundMessage();
    expect(await call({ inbound })).toEqual({ body: '2', subject: 're' });
    const [received] = calls;
    expect(received).toMatchObject({ method: 'POST', path: '/hook' });
    expect(JSON.parse(received?.body ?? '')).toEqual({
      ...toMessageJson(inbound.message),
      senderName: 'bob',
      attempt: 1,
    });
    const timestamp = String(clock.now());
    const hmac = createHmac('sha256', secret)
      .update(`${timestamp}.${received?.body ?? ''}`)
      .digest('hex');
    expect(received?.headers).toMatchObject({
      'content-type': 'application/json',
      'agent-mesh-timestamp': timestamp,
      'agent-mesh-signature': `v1=${hmac}`,
      'agent-mesh-message-id': inbound.message.id,
    });
  });

  it('answers with text, or with nothing', async () => {
    respond = answering(201, 'two\n');
    expect(await call()).toEqual({ body: 'two' });
    respond = answering(200);
    expect(await call()).toEqual({ body: '' });
    respond = answering(204);
    expect(await call()).toBeUndefined();
  });

  it('answers requests only', async () => {
    respond = answering(200, 'thanks');
    expect(await call({ inbound: inboundMessage({ type: 'alert' }) })).toBeUndefined();
  });

  it('fails with the status and the beginning of what it says', async () => {
    respond = answering(500, `no model ${'x'.repeat(9000)}`);
    const error = await failure(call());
    expect(error).toMatchObject({ code: 'HANDLER_FAILED', data: { status: 500 } });
    expect(error.data['detail']).toMatch(/^no model x+$/);
    expect(String(error.data['detail'])).toHaveLength(2048);
    respond = answering(404, 'gone');
    expect(await failure(call())).toMatchObject({ code: 'HANDLER_FAILED', data: { status: 404, detail: 'gone' } });
  });

  it('cannot send the message elsewhere', async () => {
    respond = answering(307, '', { location: `${base}/elsewhere` });
    expect(await failure(call())).toMatchObject({ code: 'HANDLER_FAILED', data: { status: 307 } });
    expect(calls.map(({ path }) => path)).toEqual(['/hook']);
  });

  it('cannot fill the memory', async () => {
    respond = (response) => {
      const more = (): void => void response.write('x'.repeat(10_000), more);
      response.on('error', () => {});
      more();
    };
    const error = await failure(call({ maxOutputBytes: 50_000 }));
    expect(error.message).toContain('more than 50000 bytes');
  });

  it('that is not there is named without its path', async () => {
    const gone = createServer();
    await new Promise<void>((resolve) => gone.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${portOf(gone)}/private/token`;
    await new Promise((resolve) => gone.close(resolve));
    const error = await failure(call({ url }));
    expect(error).toMatchObject({ code: 'HANDLER_FAILED', data: { reason: 'ECONNREFUSED' } });
    expect(error.message).not.toContain('token');
  });

  it('that breaks off fails', async () => {
    respond = (response) => {
      response.writeHead(200, { 'content-length': '100' });
      response.write('half', () => response.destroy());
    };
    expect((await failure(call())).code).toBe('HANDLER_FAILED');
  });

  it('that hangs fails when its time is over', async () => {
    const arrived = Promise.withResolvers<ServerResponse>();
    respond = (response) => arrived.resolve(response);
    const result = failure(call());
    const response = await arrived.promise;
    const closed = new Promise((resolve) => response.once('close', resolve));
    await clock.advance(timeoutMs);
    expect((await result).code).toBe('HANDLER_TIMEOUT');
    await closed;
  });

  it('that hangs in the middle of its answer fails likewise', async () => {
    const arrived = Promise.withResolvers<void>();
    respond = (response) => response.writeHead(200).write('half', () => arrived.resolve());
    const result = failure(call());
    await arrived.promise;
    await clock.advance(timeoutMs);
    expect((await result).code).toBe('HANDLER_TIMEOUT');
  });

  it('is given up when the node stops, with the reason', async () => {
    const stop = new AbortController();
    const reason = new Error('stopping');
    respond = () => stop.abort(reason);
    await expect(call({ signal: stop.signal })).rejects.toBe(reason);
    await expect(call({ signal: stop.signal })).rejects.toBe(reason);
    expect(calls).toHaveLength(1);
  });

  it('is configured with an http address and a secret', () => {
    for (const url of ['ftp://x/', 'file:///etc/passwd', 'nowhere', 'http://user:pass@host/']) {
      expect(() => call({ url })).toThrow(expect.objectContaining({ code: 'INVALID_CONFIG' }));
    }
    expect(() => call({ secret: '' })).toThrow(expect.objectContaining({ code: 'INVALID_CONFIG' }));
  });
});

describe('a receiver of webhooks', () => {
  it('knows a request of its node from any other', async () => {
    respond = answering(204);
    await call();
    const [received] = calls;
    const proof = {
      secret,
      timestamp: String(received?.headers['agent-mesh-timestamp']),
      signature: String(received?.headers['agent-mesh-signature']),
      body: received?.body ?? '',
      now: clock.now(),
      toleranceMs: 1000,
    };
    expect(verifyWebhook(proof)).toBe(true);
    expect(verifyWebhook({ ...proof, body: Buffer.from(proof.body), now: clock.now() + 1000 })).toBe(true);
    const wrong = [
      { secret: 'another' },
      { secret: '' },
      { body: `${proof.body} ` },
      { timestamp: String(clock.now() + 1) },
      { timestamp: 'x' },
      { timestamp: '' },
      { signature: proof.signature.slice(3) },
      { signature: `${proof.signature}0` },
      { signature: '' },
      { now: clock.now() + 1001 },
      { now: clock.now() - 1001 },
    ];
    for (const change of wrong) expect(verifyWebhook({ ...proof, ...change })).toBe(false);
  });
});
