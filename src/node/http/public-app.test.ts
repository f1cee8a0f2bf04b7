import { request } from 'node:http';
import { afterEach, describe, expect, test } from 'vitest';
import { defaultLimits, systemRandom } from '#kernel';
import { generateKeyPair, signCard, type VerifiedCard } from '#identity';
import { parseDiscovery } from '#protocol';
import { ManualClock } from '../../../test/support/manual-clock.ts';
import { listen, type Listening } from '#host';
import { createPublicApp } from './public-app.ts';

function cardOf(name: string): VerifiedCard {
  const fields = {
    name,
    devices: [],
    endpoints: [],
    mailboxes: [],
    capabilities: [],
    suites: ['X'],
    seq: 1,
    createdAt: 1,
    expiresAt: 2,
  };
  return signCard(fields, generateKeyPair(systemRandom));
}

const cards = [cardOf('alice'), cardOf('bob')];
const running: Listening[] = [];

afterEach(async () => {
  for (const listening of running.splice(0)) await listening.close({ graceMs: 60_000 });
});

async function start(given: Partial<Parameters<typeof createPublicApp>[0]> = {}) {
  const clock = new ManualClock();
  const handler = createPublicApp({
    cards: () => cards,
    cardOf: (name) => cards.find((card) => name === undefined || card.name === name || card.agentId === name),
    version: '1.2.3',
    health: () => true,
    clock,
    limits: defaultLimits,
    ...given,
  });
  const listening = await listen({ handler, host: '127.0.0.1', port: 0, clock, limits: defaultLimits });
  running.push(listening);
  return { clock, get: (path: string, options: Asking = {}) => ask(listening.address.port, path, options) };
}

interface Asking {
  readonly method?: string;
  readonly body?: string;
}

interface Answered {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly text: string;
}

function ask(port: number, path: string, { method = 'GET', body }: Asking): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, path, method, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          text: Buffer.concat(chunks).toString(),
        }),
      );
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

describe('the public listener', () => {
  test('tells who lives here, in the form that other nodes read', async () => {
    const { get } = await start();
    const { status, headers, text } = await get('/agent-mesh/discovery');
    expect([status, headers['content-type'], headers['x-content-type-options']]).toEqual([
      200,
      'application/json; charset=utf-8',
      'nosniff',
    ]);
    expect(parseDiscovery(JSON.parse(text))).toEqual({
      protocol: 'agent-mesh',
      versions: [1, 2, 3],
      agents: cards,
      software: 'agent-mesh/1.2.3',
    });
  });

  test('lists no more agents than readers take', async () => {
    const { get } = await start({ cards: () => Array.from({ length: 101 }, () => cards[0] as VerifiedCard) });
    const { text } = await get('/agent-mesh/discovery');
    expect(parseDiscovery(JSON.parse(text)).agents).toHaveLength(100);
  });

  test('gives the card of the default agent, or of the one named', async () => {
    const { get } = await start();
    const card = async (query: string): Promise<unknown> =>
      JSON.parse((await get(`/.well-known/agent-mesh.json${query}`)).text);
    expect(await card('')).toEqual(cards[0]);
    expect(await card('?agent=bob')).toEqual(cards[1]);
    expect(await card(`?agent=${encodeURIComponent(cards[1]?.agentId ?? '')}`)).toEqual(cards[1]);
    expect(await card('?agent=eve')).toMatchObject({ error: { code: 'UNKNOWN_AGENT' } });
    expect((await get('/.well-known/agent-mesh.json?agent=eve')).status).toBe(404);
  });

  test('says that it is well, and nothing about how', async () => {
    const { get } = await start();
    expect(await get('/healthz')).toMatchObject({ status: 200, text: '{"ok":true}' });
    const ill = await start({ health: () => false });
    expect(await ill.get('/healthz')).toMatchObject({ status: 503, text: '{"ok":false}' });
  });

  test('answers HEAD with the head alone', async () => {
    const { get } = await start();
    const { text } = await get('/agent-mesh/discovery');
    const head = await get('/agent-mesh/discovery', { method: 'HEAD' });
    expect(head).toMatchObject({
      status: 200,
      text: '',
      headers: { 'content-length': String(Buffer.byteLength(text)) },
    });
  });

  test.each([
    '/',
    '/api/status',
    '/mesh/v1/link',
    '/agent-mesh/discovery/',
    '/../healthz',
    '//healthz',
    '/%68ealthz',
    '*',
  ])('has nothing at %s', async (path) => {
    const { get } = await start();
    const { status, text } = await get(path);
    expect([status, JSON.parse(text)]).toMatchObject([404, { error: { code: 'NOT_FOUND' } }]);
  });

  test('takes nothing from strangers', async () => {
    const { get } = await start();
    const answer = await get('/agent-mesh/discovery', { method: 'POST', body: 'x' });
    expect(answer).toMatchObject({ status: 404, headers: { connection: 'close' } });
  });

  test('bounds how often one address may ask', async () => {
    const limits = { ...defaultLimits, publicRequestsPerSecond: 1, publicRequestBurst: 2 };
    const { get, clock } = await start({ limits });
    const statuses = [await get('/healthz'), await get('/healthz'), await get('/healthz')].map(({ status }) => status);
    expect(statuses).toEqual([200, 200, 429]);
    const refused = await get('/healthz');
    expect(refused.headers['retry-after']).toBe('1');
    expect(JSON.parse(refused.text)).toMatchObject({ error: { code: 'RATE_LIMITED', data: { retryAfterMs: 1000 } } });
    expect(clock.sleeping).toBe(0);
  });
});
