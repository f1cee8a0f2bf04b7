import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { json } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { defaultLimits, silentLogger, systemClock } from '#kernel';
import { hooksRuntime } from '#runtime';
import { reaches, send, stateOf, Story, until } from '../support/story.ts';
import { eventually, pair, signal, type TestNode } from '../support/test-agents.ts';

let story: Story;
let server: Server;
let alice: TestNode;
let bob: TestNode;
/** What the gateway was given, one a turn. */
let turns: string[] = [];
let answer: (response: ServerResponse, waits: boolean) => void;

const works: typeof answer = (response, waits) =>
  response.end(JSON.stringify(waits ? { ok: true, completion: { status: 'ok' } } : { ok: true, runId: 'r' }));

async function take(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = (await json(request)) as { readonly message: string; readonly waitForCompletion?: true };
  const waits = body.waitForCompletion === true;
  if (!waits) turns.push(body.message);
  answer(response, waits);
}

beforeEach(async () => {
  [turns, answer] = [[], works];
  server = createServer((request, response) => void take(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const runtime = hooksRuntime({
    url: `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`,
    hook: '/hooks/agent',
    hookToken: 'token-of-the-hooks',
    sessionMode: 'persistent',
    gatewayAgent: 'main',
    timeoutMs: 60_000,
    concurrency: 4,
    clock: systemClock,
    limits: defaultLimits,
    logger: silentLogger,
  });
  story = new Story();
  alice = await story.start('alice');
  bob = await story.start('bob', { runtime });
  await pair(alice, bob);
});
afterEach(async () => {
  await story[Symbol.asyncDispose]();
  await new Promise((resolve) => server.close(resolve));
});

describe('a request to an agent whose gateway only has hooks', () => {
  test('is seen, and not answered before the agent answers it by itself', async () => {
    const asked = alice.api.ask({ to: 'bob', text: 'how much?', timeoutMs: 60_000 }, { signal });
    await until(() => turns.length === 1);
    const [, id = ''] = /mesh reply (msg_\S+) TEXT/.exec(turns[0] ?? '') ?? [];
    await reaches([alice, bob], { from: alice, id, state: 'seen' });
    expect(await stateOf(alice, id)).toBe('seen');
    await bob.api.reply({ id, text: 'seven' }, { signal });
    expect((await asked).answer.body).toBe('seven');
    await reaches([alice, bob], { from: alice, id, state: 'answered' });
    expect(turns).toHaveLength(1);
  });

  test('waits while the gateway does not let the node in, and the owner of the node is told what to do', async () => {
    answer = (response) => response.writeHead(401).end('Unauthorized');
    const id = await send(alice, 'bob', 'hello');
    await until(() => turns.length === 1);
    const warning = await eventually([bob], async () => (await bob.api.status({}, { signal })).warnings[0]);
    expect(warning).toMatchObject({ code: 'GATEWAY_DENIED', hint: expect.stringContaining('hookTokenFile') });
    expect((await bob.api.doctor({}, { signal })).findings).toContainEqual(
      expect.objectContaining({ check: 'runtime' }),
    );
    expect(await stateOf(alice, id)).not.toBe('dead');
  });
});
