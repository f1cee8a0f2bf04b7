import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { concatBytes, MeshError } from '#kernel';
import { encodeFrame } from '#protocol';
import { failure } from '../support/failure.ts';
import {
  acceptAs,
  alice,
  bob,
  countingBytes,
  frameFrom,
  linked,
  type LinkedPair,
  linkEnd,
} from '../support/link-agents.ts';
import type { LinkTransport } from '../support/link-transports.ts';
import { hello, RawPeer } from '../support/raw-peer.ts';

const blob = new Uint8Array(32).fill(9);
const ask = (offset: number, bytes: number) => ({ blob, offset, bytes, have: 0 });

/** What came for an ask, piece by piece. */
async function fetched(from: LinkedPair['dialler'], offset: number, bytes: number): Promise<readonly Uint8Array[]> {
  const pieces: Uint8Array[] = [];
  await from.link.getBlob(ask(offset, bytes), (piece) => pieces.push(Uint8Array.from(piece)));
  return pieces;
}

export function linkBlobsContract(transport: () => LinkTransport): void {
  test('bytes of a blob come in order, in pieces of at most blobPieceBytes', async () => {
    const { dialler, listener } = await linked(transport());
    for (const [from, offset, bytes] of [
      [dialler, 0, 1],
      [dialler, 7, 65_536],
      [dialler, 1_000_003, 200_001],
      [listener, 5, 524_288],
    ] as const) {
      const pieces = await fetched(from, offset, bytes);
      expect(concatBytes(...pieces)).toEqual(countingBytes(offset, bytes));
      expect(pieces.length).toBe(Math.ceil(bytes / 65_536));
    }
  });

  test('several asks are answered in the order in which they were made, whoever reads faster', async () => {
    const { dialler, listener } = await linked(transport());
    const { readBlob } = listener.handler;
    let reading = 0;
    listener.handler.readBlob = async (which, link, parts) => {
      reading += 1;
      // The first ones take longest.
      for (let wait = 30 - reading; wait > 0; wait -= 1) await turn();
      await readBlob(which, link, parts);
    };
    const order: number[] = [];
    const asks = Array.from({ length: 20 }, (_, n) =>
      dialler.link.getBlob(ask(n * 100_000, 100_000), (piece) => {
        expect(piece[0]).toBe((n * 100_000 + (order.at(-1) === n ? 65_536 : 0)) % 251);
        order.push(n);
      }),
    );
    await Promise.all(asks);
    expect(order).toEqual(order.toSorted((a, b) => a - b));
    expect(order).toHaveLength(40);
  });

  test('a frame goes between the pieces: it does not wait for bytes that were asked for before', async () => {
    const { dialler, listener } = await linked(transport());
    const held = Promise.withResolvers<void>();
    const { readBlob } = listener.handler;
    let reads = 0;
    listener.handler.readBlob = async (which, link, parts) => {
      reads += 1;
      if (reads > 2) await held.promise;
      await readBlob(which, link, parts);
    };
    const came: number[] = [];
    const asks = [0, 1, 2, 3].map((n) => dialler.link.getBlob(ask(n * 524_288, 524_288), () => came.push(n)));
    await Promise.all(asks.slice(0, 2));
    const frame = frameFrom(bob.agentId, alice.agentId);
    expect(await listener.link.sendFrame(frame)).toEqual({ kind: 'delivered' });
    expect(dialler.handler.frames).toEqual([frame]);
    expect(new Set(came)).toEqual(new Set([0, 1]));
    held.resolve();
    await Promise.all(asks);
  });

  test('what the handler refuses is the answer to that ask alone', async () => {
    const { dialler, listener } = await linked(transport());
    const { readBlob } = listener.handler;
    listener.handler.readBlob = (which, link, parts) =>
      which.offset === 1 ? Promise.reject(new MeshError('NOT_FOUND')) : readBlob(which, link, parts);
    const none = dialler.link.getBlob(ask(1, 10), () => expect.unreachable());
    const some = fetched(dialler, 2, 10);
    expect((await failure(none)).code).toBe('NOT_FOUND');
    expect(concatBytes(...(await some))).toEqual(countingBytes(2, 10));
  });

  test('what the asker throws ends that ask, and the link goes on', async () => {
    const { dialler } = await linked(transport());
    let pieces = 0;
    const spoiled = dialler.link.getBlob(ask(0, 200_000), () => {
      pieces += 1;
      throw new MeshError('STORE_FULL');
    });
    expect((await failure(spoiled)).code).toBe('STORE_FULL');
    expect(concatBytes(...(await fetched(dialler, 3, 10)))).toEqual(countingBytes(3, 10));
    expect(pieces).toBe(1);
  });

  test('a far end that sends nothing is given up after linkRequestMs, and what it sends later does no harm', async () => {
    const { dialler, listener } = await linked(transport());
    const held = Promise.withResolvers<void>();
    const { readBlob } = listener.handler;
    listener.handler.readBlob = async (which, link, parts) => {
      await held.promise;
      await readBlob(which, link, parts);
    };
    const late = failure(dialler.link.getBlob(ask(0, 10), () => expect.unreachable()));
    await dialler.clock.advance(dialler.limits.linkRequestMs);
    expect((await late).code).toBe('TIMEOUT');
    held.resolve();
    listener.handler.readBlob = readBlob;
    expect(concatBytes(...(await fetched(dialler, 3, 10)))).toEqual(countingBytes(3, 10));
  });

  test('silence before an ask does not count against it', async () => {
    const { dialler, listener } = await linked(transport());
    await fetched(dialler, 0, 10);
    const { linkRequestMs } = dialler.limits;
    await dialler.clock.advance(linkRequestMs - 1);
    const held = Promise.withResolvers<void>();
    const { readBlob } = listener.handler;
    listener.handler.readBlob = async (which, link, parts) => {
      await held.promise;
      await readBlob(which, link, parts);
    };
    const asked = fetched(dialler, 3, 10);
    await dialler.clock.advance(linkRequestMs - 1);
    held.resolve();
    expect(concatBytes(...(await asked))).toEqual(countingBytes(3, 10));
  });

  test('a cut rejects what was asked for', async () => {
    const { dialler, listener } = await linked(transport());
    listener.handler.readBlob = () => new Promise(() => {});
    const lost = failure(dialler.link.getBlob(ask(0, 10), () => expect.unreachable()));
    listener.connection.cut();
    expect((await lost).code).toBe('LINK_CLOSED');
    const late = dialler.link.getBlob(ask(0, 10), () => expect.unreachable());
    expect((await failure(late)).code).toBe('LINK_CLOSED');
  });

  test.each([
    ['the dialler', 'listener'],
    ['the listener', 'dialler'],
  ] as const)('with %s of version 1 the other side asks for no blob, and frames pass', async (old, asker) => {
    const oldEnd = old === 'the dialler' ? 'dialler' : 'listener';
    const ends = { dialler: linkEnd(alice), listener: linkEnd(bob) };
    const pair = await linked(transport(), { ...ends, [oldEnd]: { ...ends[oldEnd], versions: [1] } });
    expect([pair.dialler.link.version, pair.listener.link.version]).toEqual([1, 1]);
    expect((await failure(pair[asker].link.getBlob(ask(0, 1), () => {}))).code).toBe('PEER_TOO_OLD');
    const frame = frameFrom(alice.agentId, bob.agentId);
    expect(await pair.dialler.link.sendFrame(frame)).toEqual({ kind: 'delivered' });
  });

  test.each([
    ['asks over a link of version 1', [1], [{ op: 'blob.get', n: 1, ...ask(0, 1) }], 'MALFORMED'],
    ['sends what nobody asked for', [2], [{ op: 'blob', n: 1, bytes: Uint8Array.of(1) }], 'MALFORMED'],
    [
      'asks for more at once than any window holds',
      [2],
      Array.from({ length: 17 }, (_, n) => ({ op: 'blob.get', n, ...ask(0, 524_288) }) as const),
      'CREDIT_EXCEEDED',
    ],
    [
      'asks more questions at once than it may',
      [2],
      Array.from({ length: 262 }, (_, n) => ({ op: 'blob.get', n, ...ask(0, 1) }) as const),
      'CREDIT_EXCEEDED',
    ],
  ] as const)('a far end that %s is cut off', async (_what, versions, operations, code) => {
    const listener = linkEnd(bob);
    listener.handler.readBlob = () => new Promise(() => {});
    const [near, far] = await transport().connect();
    const accepting = acceptAs(listener, far);
    const peer = new RawPeer(near);
    await peer.dial(alice, bob.agentId, hello({ to: bob.agentId, versions }));
    peer.send(...operations);
    expect(await peer.refusal()).toBe(code);
    expect((await (await accepting).closed)?.code).toBe(code);
  });

  test('a far end that sends more than was asked for is cut off', async () => {
    const listener = linkEnd(bob);
    const [near, far] = await transport().connect();
    const accepting = acceptAs(listener, far);
    const peer = new RawPeer(near);
    await peer.dial();
    const link = await accepting;
    const pieces: number[] = [];
    const asked = failure(link.getBlob(ask(0, 10), (bytes) => pieces.push(bytes.length)));
    const { n } = await peer.next('blob.get');
    peer.send({ op: 'blob', n, bytes: countingBytes(0, 4) }, { op: 'blob', n, bytes: countingBytes(4, 7) });
    expect(await peer.refusal()).toBe('MALFORMED');
    expect((await asked).code).toBe('LINK_CLOSED');
    expect(pieces).toEqual([4]);
  });

  test('frames are answered while a blob that was asked for is not', async () => {
    const listener = linkEnd(bob);
    listener.handler.readBlob = () => new Promise(() => {});
    const [near, far] = await transport().connect();
    void acceptAs(listener, far);
    const peer = new RawPeer(near);
    await peer.dial();
    const frame = frameFrom(alice.agentId, bob.agentId);
    peer.send({ op: 'blob.get', n: 1, ...ask(0, 524_288) }, { op: 'frame', frame: encodeFrame(frame) });
    expect((await peer.next('delivered')).frameId).toBe(frame.id);
  });
}
