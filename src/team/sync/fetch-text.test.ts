import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { codeThrownBy } from '../../../test/support/code-thrown-by.ts';
import { failure } from '../../../test/support/failure.ts';
import { ManualClock } from '../../../test/support/manual-clock.ts';
import { fetchText, parseSourceUrl } from './fetch-text.ts';

const servers: Server[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

async function serving(answer: (path: string, response: ServerResponse) => void): Promise<string> {
  const server = createServer((request, response) => answer(request.url ?? '', response));
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
}

const clock = new ManualClock();
const options = { clock, timeoutMs: 1000, maxBytes: 100, signal: new AbortController().signal };
const get = (url: string) => fetchText(parseSourceUrl(url), options);

describe('the address that a registry comes from', () => {
  it.each([
    'https://example.com/r.json',
    'http://127.0.0.1:1/r',
    'http://localhost/r',
    'http://10.0.0.1/r',
    'http://[fd00::1]/r',
  ])('may be %s', (url) => {
    expect(parseSourceUrl(url).href).toBe(url);
  });

  it.each([
    ['http://example.com/r.json', 'PLAINTEXT_REFUSED'],
    ['http://8.8.8.8/', 'PLAINTEXT_REFUSED'],
    ['ftp://example.com/', 'INVALID_ARGUMENT'],
    ['file:///etc/passwd', 'INVALID_ARGUMENT'],
    ['registry.json', 'INVALID_ARGUMENT'],
    ['https://me:secret@example.com/', 'INVALID_ARGUMENT'],
  ])('may not be %s: %s', (url, code) => {
    expect(codeThrownBy(() => parseSourceUrl(url))).toBe(code);
  });

  it('is read whole, also behind redirects', async () => {
    const url = await serving((path, response) => {
      if (path === '/old') response.writeHead(302, { location: '/new' }).end();
      else response.end('{"agents":[]}');
    });
    expect(await get(`${url}/old`)).toBe('{"agents":[]}');
  });

  it.each<[string, (path: string, response: ServerResponse) => void, string]>([
    ['another status', (_path, response) => response.writeHead(404).end(), 'answers with status 404'],
    ['too much', (_path, response) => response.end('x'.repeat(101)), 'answers with more than 100 bytes'],
    [
      'redirects for ever',
      (_path, response) => response.writeHead(302, { location: '/' }).end(),
      'redirects more than 3 times',
    ],
    [
      'a redirect to where others listen',
      (_path, response) => response.writeHead(302, { location: 'http://example.com/' }).end(),
      'redirects to an address that is not encrypted',
    ],
    [
      'a redirect into the files',
      (_path, response) => response.writeHead(302, { location: 'file:///etc/passwd' }).end(),
      'redirects to',
    ],
  ])('is refused for %s', async (_what, answer, text) => {
    const url = await serving(answer);
    const error = await failure(get(`${url}/?key=secret`));
    expect(error.code).toBe('TEAM_SOURCE_INVALID');
    expect(error.message).toContain(text);
    expect(error.message).not.toContain('secret');
  });

  it('is given up on when it does not answer', async () => {
    const asked = Promise.withResolvers<void>();
    const url = await serving(() => asked.resolve());
    const error = failure(get(url));
    await asked.promise;
    await clock.advance(1000);
    expect((await error).message).toContain('did not answer within 1 s');
    expect((await failure(get('http://127.0.0.1:9'))).message).toBe('http://127.0.0.1:9/ cannot be reached');
  });
});
