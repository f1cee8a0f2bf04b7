import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { HostilePeer } from '../support/hostile-peer.ts';
import { httpCall } from '../support/http-call.ts';
import { codeOfRejection, Story, stillTalk } from '../support/story.ts';
import { pair, signal, type TestNode } from '../support/test-agents.ts';

const story = new Story();
let alice: TestNode;
let bob: TestNode;

beforeAll(async () => {
  alice = await story.start('alice');
  bob = await story.start('bob');
  await pair(alice, bob);
});

afterAll(() => story[Symbol.asyncDispose]());

const portOf = (node: TestNode): number => node.node.listening.publicAddress.port;
const get = (path: string) => httpCall({ port: portOf(alice), path });

/** What the public listener says to these bytes, until it closes the connection. */
async function say(text: string): Promise<string> {
  const socket = connect(portOf(alice), '127.0.0.1');
  socket.write(text);
  return (await socket.setEncoding('utf8').toArray()).join('');
}

describe('the public listener', () => {
  test.each([
    '/',
    '/api/status',
    '/mesh/v1/link',
    '/../../etc/passwd',
    '/agent-mesh/discovery/../../../etc/passwd',
    '/.well-known/agent-mesh.json/x',
    '/agent-mesh/discovery%00',
    `/${'x'.repeat(8000)}`,
  ])('has nothing at %s', async (path) => {
    const { status, code } = await get(path);
    expect([status, code]).toEqual([404, 'NOT_FOUND']);
    await stillTalk(bob, alice);
  });

  test.each(['../../private_key', 'bob', '%00', 'alice%00', 'x'.repeat(5000)])(
    'has no agent that is %s',
    async (name) => {
      const { status, code, text } = await get(`/.well-known/agent-mesh.json?agent=${name}`);
      expect([status, code]).toEqual([404, 'UNKNOWN_AGENT']);
      expect(text).not.toContain('PRIVATE');
    },
  );

  test.each([
    ['is no HTTP', 'hello\r\n\r\n', 400],
    ['has headers without end', `GET / HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`, 431],
    ['has two lengths', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab', 400],
    ['wants a WebSocket elsewhere', upgrade('/'), 404],
    ['wants a WebSocket of another protocol', upgrade('/mesh/v1/link', 'chat'), 400],
  ])('sends away what %s', async (_what, bytes, status) => {
    expect(await say(bytes)).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    await stillTalk(bob, alice);
  });

  test('reads no body, and tells only what everybody may know', async () => {
    const body = 'x'.repeat(2_000_000);
    const posted = await httpCall({ port: portOf(alice), path: '/agent-mesh/discovery', method: 'POST', body }).catch(
      () => undefined,
    );
    expect(posted?.status ?? 404).toBe(404);
    const { status, text } = await get('/agent-mesh/discovery');
    expect(status).toBe(200);
    expect(JSON.parse(text)).toMatchObject({ protocol: 'agent-mesh', agents: [{ agentId: alice.host.agent.agentId }] });
    expect(text).not.toContain(bob.host.agent.agentId);
  });

  test('answers one address only so often, and serves links all the same', async () => {
    const carol = await story.start('carol', { limits: { publicRequestsPerSecond: 1, publicRequestBurst: 3 } });
    const statuses: number[] = [];
    for (let n = 0; n < 6; n += 1) {
      const { status } = await httpCall({ port: portOf(carol), path: '/agent-mesh/discovery' });
      statuses.push(status);
    }
    expect(statuses.slice(0, 3)).toEqual([200, 200, 200]);
    expect(statuses.slice(3)).toContain(429);
    await pair(carol, bob);
    await stillTalk(bob, carol);
  });
});

function upgrade(path: string, protocol = 'agent-mesh.link.1'): string {
  const lines = [
    'Host: a',
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
  ];
  return `GET ${path} HTTP/1.1\r\n${lines.join('\r\n')}\r\nSec-WebSocket-Protocol: ${protocol}\r\n\r\n`;
}

describe('a node that says about itself', () => {
  const servers: Server[] = [];

  afterEach(() => {
    for (const server of servers.splice(0)) {
      server.closeAllConnections();
      server.close();
    }
  });

  async function evilNode(answer: string | Buffer, status = 200): Promise<string> {
    const server = createServer((_request, response) =>
      response.writeHead(status, { location: 'http://127.0.0.1:1/' }).end(answer),
    );
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  const discovery = (...agents: readonly unknown[]): string =>
    JSON.stringify({ protocol: 'agent-mesh', versions: [1], agents, software: 'evil/1' });

  test.each<[string, string, (mallory: HostilePeer) => string | Buffer]>([
    ['nothing', 'MALFORMED', () => ''],
    ['what is no JSON', 'MALFORMED', () => '<html>'],
    ['half of it', 'MALFORMED', (mallory) => discovery(mallory.card()).slice(0, -20)],
    ['more than anybody reads', 'MALFORMED', () => Buffer.alloc(200 * 1024, ' ')],
    [
      'that it is another protocol',
      'MALFORMED',
      (mallory) => discovery(mallory.card()).replace('agent-mesh', 'other-mesh'),
    ],
    ['that nobody lives there', 'UNKNOWN_AGENT', () => discovery()],
    [
      'a card whose id is not that of its key',
      'CARD_ID_MISMATCH',
      (mallory) => discovery({ ...mallory.card(), agentId: bob.host.agent.agentId }),
    ],
    ['a card that was changed', 'SIGNATURE_INVALID', (mallory) => discovery({ ...mallory.card(), name: 'bob' })],
    ['a card whose time is over', 'CARD_EXPIRED', (mallory) => discovery(mallory.card({ createdAt: 1, expiresAt: 2 }))],
    ['a card whose name is a path', 'CARD_INVALID', (mallory) => discovery({ ...mallory.card(), name: '../x' })],
  ])('%s is not asked for contact: %s', async (_what, code, answer) => {
    const mallory = await HostilePeer.create();
    const target = await evilNode(answer(mallory));
    expect(await codeOfRejection(alice.api.request({ target }, { signal }))).toBe(code);
    expect((await alice.api.contacts({}, { signal })).contacts.map(({ petname }) => petname)).toEqual(['bob']);
    await stillTalk(bob, alice);
  });

  test('to look elsewhere is not followed', async () => {
    expect(await codeOfRejection(alice.api.request({ target: await evilNode('', 302) }, { signal }))).not.toBe(
      'no error',
    );
    expect(await codeOfRejection(alice.api.request({ target: 'file:///etc/passwd' }, { signal }))).toBe(
      'INVALID_ARGUMENT',
    );
  });

  test('that it is a bad agent beside a good one is asked for the good one', async () => {
    const [mallory, good] = [await HostilePeer.create(), await HostilePeer.create('good')];
    const target = await evilNode(discovery({ ...mallory.card(), name: 'bob' }, good.card()));
    expect(await alice.api.request({ target }, { signal })).toMatchObject({ agentId: good.agentId, direction: 'out' });
    await alice.api.remove({ contact: 'good' }, { signal });
  });
});
