import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { createClient } from '#api';
import { httpTransport } from './http-transport.ts';

let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

async function clientOf(listener: RequestListener) {
  server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return createClient(httpTransport({ host: '127.0.0.1', port, token: 'secret' }));
}

describe('httpTransport', () => {
  it('sends method, path, token and JSON, and closes the connection', async () => {
    const seen: unknown[] = [];
    const client = await clientOf((request, response) => {
      let body = '';
      request
        .setEncoding('utf8')
        .on('data', (text: string) => (body += text))
        .on('end', () => {
          const { authorization, connection } = request.headers;
          seen.push(
            request.method,
            request.url,
            authorization,
            connection,
            request.headers['content-type'],
            JSON.parse(body),
          );
          response.end('{"rejected":"req_1"}');
        });
    });
    expect(await client.reject({ id: 'req_1', block: true })).toEqual({ rejected: 'req_1' });
    expect(seen).toEqual([
      'POST',
      '/api/requests/req_1/reject',
      'Bearer secret',
      'close',
      'application/json',
      { block: true },
    ]);
  });

  it('gives an error of the node as the node threw it', async () => {
    const client = await clientOf((_request, response) => {
      response.writeHead(404).end('{"error":{"code":"NOT_FOUND","message":"no bob","hint":"look","data":{}}}');
    });
    await expect(client.contact({ contact: 'bob' })).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: 'no bob',
      hint: 'look',
    });
  });

  it('gives lines of a stream as they come, before the answer has ended', async () => {
    let finish = (): void => {};
    const client = await clientOf((request, response) => {
      request.resume();
      response.write('{"type":"progress","done":1,"total":2}\n');
      finish = () => response.end('{"type":"done","total":2,"found":0}\n');
    });
    const types: string[] = [];
    for await (const { type } of client.scan({ targets: ['http://x'] })) {
      types.push(type);
      finish();
    }
    expect(types).toEqual(['progress', 'done']);
  });

  it('says that nobody listens, and that the node went away', async () => {
    const nobody = createClient(httpTransport({ host: '127.0.0.1', port: 1, token: '' }));
    await expect(nobody.agents()).rejects.toMatchObject({ code: 'NODE_NOT_RUNNING' });
    const client = await clientOf((_request, response) => response.destroy());
    await expect(client.agents()).rejects.toMatchObject({ code: 'LINK_CLOSED' });
    const cut = await clientOf((_request, response) => {
      response.write('{"agents":', () => response.destroy());
    });
    await expect(cut.agents()).rejects.toMatchObject({ code: 'LINK_CLOSED' });
  });

  it('ends with the reason of the signal', async () => {
    const abort = new AbortController();
    const client = await clientOf(() => abort.abort(new Error('Ctrl-C')));
    await expect(client.agents({}, { signal: abort.signal })).rejects.toThrow('Ctrl-C');
  });
});
