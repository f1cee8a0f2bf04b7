import { describe, expect, test } from 'vitest';
import { defaultLimits, silentLogger } from '#kernel';
import { createClient } from '#api';
import { ManualClock } from '../../../test/support/manual-clock.ts';
import { stubOperations } from '../../../test/support/stub-operations.ts';
import { createApi } from './api.ts';
import { loopbackHosts } from '#host';
import { localTransport } from './local-transport.ts';

const token = 'the-token-of-this-node';
const part = '/api/uploads/upl_1?offset=7&agent=alice';
const everyByte = Uint8Array.from({ length: 256 }, (_, byte) => byte);

function setUp(maxUploadPartBytes = defaultLimits.maxUploadPartBytes) {
  const { operations, calls } = stubOperations({ filePart: async () => everyByte });
  const limits = { ...defaultLimits, maxUploadPartBytes };
  const shared = { operations, version: '1.0.0', clock: new ManualClock(), limits, logger: silentLogger };
  const api = createApi({ ...shared, token, allowedHosts: () => loopbackHosts(8788) });
  const send = async (path: string, headers: Readonly<Record<string, string>>, body: Uint8Array<ArrayBuffer> | null) =>
    api.fetch(
      new Request(`http://localhost${path}`, {
        method: body === null ? 'GET' : 'POST',
        headers: { host: '127.0.0.1:8788', authorization: `Bearer ${token}`, ...headers },
        body,
      }),
    );
  return { calls, send, shared };
}

const fixedRandom = { bytes: (length: number) => new Uint8Array(length).fill(1), fraction: () => 0 };
const octets = { 'content-type': 'application/octet-stream' };

async function codeIn(response: Response): Promise<unknown> {
  return ((await response.json()) as { error: { code: unknown } }).error.code;
}

describe('a route that takes bytes', () => {
  test('gets the body as it is, beside the fields of address and query', async () => {
    const { send, calls } = setUp();
    expect((await send(part, octets, everyByte)).status).toBe(200);
    const input = { agent: 'alice', upload: 'upl_1', offset: 7, bytes: everyByte };
    expect(calls).toMatchObject([{ name: 'uploadPart', input }]);
  });

  test('refuses another content type, more than a part, and fields that are missing or not known', async () => {
    const { send, calls } = setUp(100);
    const refused = [
      await send(part, { 'content-type': 'application/json' }, everyByte.slice(0, 9)),
      await send(part, octets, everyByte.slice(0, 101)),
      await send('/api/uploads/upl_1', octets, everyByte.slice(0, 9)),
      await send(`${part}&bytes=1`, octets, everyByte.slice(0, 9)),
    ];
    expect(await Promise.all(refused.map(codeIn))).toEqual([
      'INVALID_ARGUMENT',
      'BODY_TOO_LARGE',
      'INVALID_ARGUMENT',
      'INVALID_ARGUMENT',
    ]);
    expect(calls).toEqual([]);
    expect((await send(part, octets, everyByte.slice(0, 100))).status).toBe(200);
  });

  test('leaves the bytes of a caller in the same process alone', async () => {
    const { shared, calls } = setUp();
    const client = createClient(localTransport({ ...shared, random: fixedRandom }));
    const bytes = everyByte.slice();
    await client.uploadPart({ upload: 'upl_1', offset: 0, bytes });
    expect(bytes).toEqual(everyByte);
    expect(calls).toMatchObject([{ input: { bytes: everyByte } }]);
  });

  test('wants the token like every other', async () => {
    const { send, calls } = setUp();
    const response = await send(part, { ...octets, authorization: 'Bearer nonsense' }, everyByte);
    expect([response.status, calls]).toEqual([401, []]);
  });
});

describe('a route that gives bytes', () => {
  test('gives them as they are, for no page to guess at or to keep', async () => {
    const response = await setUp().send('/api/inbox/msg_1/attachments/0/parts/3', {}, null);
    expect(new Uint8Array(await response.arrayBuffer())).toEqual(everyByte);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-type': 'application/octet-stream',
      'content-length': '256',
      'x-content-type-options': 'nosniff',
      'cache-control': 'no-store',
    });
  });

  test('gives errors as JSON, also to the client', async () => {
    const { shared } = setUp();
    const client = createClient(localTransport({ ...shared, random: fixedRandom }));
    expect(await client.filePart({ id: 'msg_1', index: 0, part: 0 })).toEqual(everyByte);
    const wrong = client.filePart({ id: 'msg_1', index: -1, part: 0 });
    await expect(wrong).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });
});
