import { createServer, type Server, type ServerResponse } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { defaultLimits, type MeshError, toMeshError } from '#kernel';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { party } from '../../test/support/trust-fixtures.ts';
import { fetchCard, fetchDiscovery } from './http-discovery.ts';
import { scan, type ScanEvent } from './scan.ts';

type Respond = (response: ServerResponse, path: string) => void;

const timeoutMs = 5000;
const alice = party(1);
const bob = party(2);
const document = {
  protocol: 'agent-mesh',
  versions: [1],
  agents: [alice.card, bob.card],
  software: 'agent-mesh/0.1.0',
};
const discoveryPath = '/agent-mesh/discovery';

let clock: ManualClock;
let servers: Server[];

beforeEach(() => {
  // Long before the cards expire.
  clock = new ManualClock(1000);
  servers = [];
});
afterEach(async () => {
  for (const server of servers) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
  expect(clock.sleeping, 'no timer is left').toBe(0);
});

async function serve(respond: Respond): Promise<string> {
  const server = createServer((request, response) => respond(response, request.url ?? ''));
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
}

const json =
  (value: unknown): Respond =>
  (response, path) =>
    response.writeHead(path === discoveryPath ? 200 : 404).end(JSON.stringify(value));

const ask = (url: string, signal?: AbortSignal) => fetchDiscovery(url, { timeoutMs, clock, signal });

const failure = (result: Promise<unknown>): Promise<MeshError> =>
  result.then(
    () => {
      throw new Error('it did not fail');
    },
    (error: unknown) => toMeshError(error),
  );

describe('a node that is asked who lives there', () => {
  it('tells of its agents by cards that verify', async () => {
    const url = await serve(json({ ...document, motto: 'a newer node may tell more' }));
    const node = await ask(`${url}/`);
    expect(node).toEqual({
      url,
      protocol: 'agent-mesh',
      versions: [1],
      software: 'agent-mesh/0.1.0',
      agents: document.agents,
      problems: [],
    });
  });

  it('is found at an address without a scheme', async () => {
    const url = await serve(json(document));
    expect((await ask(url.slice('http://'.length))).agents).toHaveLength(2);
  });

  it('may live under a path', async () => {
    const url = await serve((response, path) => json(document)(response, path.replace(/^\/mesh/, '')));
    expect((await ask(`${url}/mesh/`)).url).toBe(`${url}/mesh`);
  });

  it('gives its card', async () => {
    const url = await serve((response, path) => {
      response.writeHead(path === '/.well-known/agent-mesh.json' ? 200 : 404).end(JSON.stringify(alice.card));
    });
    expect(await fetchCard(url, { timeoutMs, clock })).toEqual(alice.card);
  });
});

describe('cards of a node', () => {
  const forged = { ...bob.card, name: 'alice' };

  it('that are forged are left out, and why is told', async () => {
    const url = await serve(
      json({ ...document, agents: [alice.card, forged, { ...alice.card, agentId: bob.agentId }, 'nothing'] }),
    );
    const node = await ask(url);
    expect(node.agents).toEqual([alice.card]);
    expect(node.problems).toEqual(['SIGNATURE_INVALID', 'CARD_ID_MISMATCH', 'CARD_INVALID']);
  });

  it('that are all forged or expired make an error', async () => {
    const url = await serve(json({ ...document, agents: [forged] }));
    expect((await failure(ask(url))).code).toBe('SIGNATURE_INVALID');
    clock = new ManualClock(alice.card.expiresAt);
    expect((await failure(ask(await serve(json(document))))).code).toBe('CARD_EXPIRED');
  });

  it('served alone are verified too', async () => {
    const url = await serve((response) => response.end(JSON.stringify(forged)));
    expect((await failure(fetchCard(url, { timeoutMs, clock }))).code).toBe('SIGNATURE_INVALID');
  });
});

describe('what is no node', () => {
  it('is nobody at all', async () => {
    const url = await serve(json(document));
    await new Promise((resolve) => servers.pop()?.close(resolve));
    const error = await failure(ask(url));
    expect(error.code).toBe('UNREACHABLE');
    expect(error.message).toContain('ECONNREFUSED');
  });

  it('is another web server', async () => {
    const html = await serve((response) => response.end('<html>'));
    expect((await failure(ask(html))).code).toBe('MALFORMED');
    const missing = await serve((response) => response.writeHead(404).end('no'));
    expect((await failure(ask(missing))).code).toBe('NOT_FOUND');
    expect((await failure(ask(await serve(json({ agents: [alice.card] }))))).code).toBe('MALFORMED');
  });

  it('is who answers without end', async () => {
    const url = await serve((response) => {
      const more = (): void => void response.write(' '.repeat(10_000), more);
      response.on('error', () => {});
      more();
    });
    const error = await failure(ask(url));
    expect(error.code).toBe('MALFORMED');
    expect(error.message).toContain('65536 bytes');
  });

  it('is who breaks off', async () => {
    const url = await serve((response) =>
      response.writeHead(200, { 'content-length': '99' }).write('{', () => response.destroy()),
    );
    expect((await failure(ask(url))).code).toBe('UNREACHABLE');
  });

  it('is no address either', async () => {
    expect((await failure(ask('file:///etc/passwd'))).code).toBe('INVALID_ARGUMENT');
  });
});

describe('a node that redirects', () => {
  it('is followed on its own host', async () => {
    const url = await serve((response, path) => {
      if (path === '/new') response.end(JSON.stringify(document));
      else response.writeHead(302, { location: '/new' }).end();
    });
    expect((await ask(url)).agents).toHaveLength(2);
  });

  it('is not followed to another one', async () => {
    let asked = 0;
    const other = await serve((response) => {
      asked += 1;
      response.end(JSON.stringify(document));
    });
    for (const location of [`${other}${discoveryPath}`, 'file:///etc/passwd', '//evil.example/x', 'http://[']) {
      const url = await serve((response) => response.writeHead(307, { location }).end());
      expect((await failure(ask(url))).code).toBe('MALFORMED');
    }
    expect(asked).toBe(0);
  });

  it('in a circle is given up', async () => {
    let asked = 0;
    const url = await serve((response) => {
      asked += 1;
      response.writeHead(301, { location: discoveryPath }).end();
    });
    expect((await failure(ask(url))).code).toBe('MALFORMED');
    expect(asked).toBe(4);
  });
});

describe('a node that hangs', () => {
  it('is given up when the time is over, and its connection is closed', async () => {
    const arrived = Promise.withResolvers<ServerResponse>();
    const url = await serve((response) => arrived.resolve(response));
    const result = failure(ask(url));
    const response = await arrived.promise;
    const closed = new Promise((resolve) => response.once('close', resolve));
    await clock.advance(timeoutMs);
    const error = await result;
    expect(error.code).toBe('TIMEOUT');
    expect(error.message).toContain('5000 ms');
    await closed;
  });

  it('in the middle of its answer is given up likewise', async () => {
    const arrived = Promise.withResolvers<void>();
    const url = await serve((response) => response.writeHead(200).write('{', () => arrived.resolve()));
    const result = failure(ask(url));
    await arrived.promise;
    await clock.advance(timeoutMs);
    expect((await result).code).toBe('TIMEOUT');
  });

  it('is given up when the caller wants no more, with its reason', async () => {
    const stop = new AbortController();
    const reason = new Error('enough');
    const url = await serve(() => stop.abort(reason));
    await expect(ask(url, stop.signal)).rejects.toBe(reason);
    await expect(ask(url, stop.signal)).rejects.toBe(reason);
  });
});

describe('a scan of real servers', () => {
  it('finds the nodes among them', async () => {
    const targets = [
      await serve(json(document)),
      await serve((response) => response.writeHead(404).end()),
      await serve(json({ ...document, agents: [bob.card] })),
    ];
    const found = new Map<string, readonly string[]>();
    let last: ScanEvent<unknown> | undefined;
    const { scanConcurrency: concurrency } = defaultLimits;
    const events = scan({
      targets,
      timeoutMs,
      concurrency,
      fetchDocument: (url, options) => fetchDiscovery(url, { clock, ...options }),
    });
    for await (const event of events) {
      if (event.type === 'found')
        found.set(
          event.url,
          event.document.agents.map(({ name }) => name),
        );
      last = event;
    }
    expect(found).toEqual(
      new Map([
        [targets[0], ['agent1', 'agent2']],
        [targets[2], ['agent2']],
      ]),
    );
    expect(last).toEqual({ type: 'done', total: 3, found: 2 });
  });
});
