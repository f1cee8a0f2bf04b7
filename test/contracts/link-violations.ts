import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { encodeCbor, type LogFields, silentLogger, systemRandom } from '#kernel';
import { acceptLink, type Link } from '#link';
import { decodeFrame, encodeFrame, encodeLinkOperation } from '#protocol';
import { failure } from '../support/failure.ts';
import { alice, bob, frameFrom, type LinkEnd, linkEnd } from '../support/link-agents.ts';
import type { LinkTransport } from '../support/link-transports.ts';
import { hello, RawPeer } from '../support/raw-peer.ts';

interface Watched {
  readonly peer: RawPeer;
  readonly link: Link;
  readonly listener: LinkEnd;
  readonly warnings: { readonly event: string; readonly fields: LogFields | undefined }[];
}

export function linkViolationsContract(transport: () => LinkTransport): void {
  const open = async (): Promise<Watched> => {
    const [near, far] = await transport().connect();
    const listener = linkEnd(bob);
    const warnings: Watched['warnings'] = [];
    const warn = (event: string, fields?: LogFields): void => void warnings.push({ event, fields });
    const logger = { ...silentLogger, warn };
    const agents = (): typeof bob => bob;
    const accepting = acceptLink({ ...listener, connection: far, agents, random: systemRandom, logger });
    const peer = new RawPeer(near);
    await peer.dial();
    return { peer, link: await accepting, listener, warnings };
  };

  const frame = frameFrom(alice.agentId, bob.agentId);
  const encoded = encodeLinkOperation({ op: 'frame', frame: encodeFrame(frame) });
  const unknown = frameFrom(bob.agentId, alice.agentId).id;
  const violations: readonly (readonly [what: string, code: string, bytes: Uint8Array])[] = [
    ['bytes that are not CBOR', 'MALFORMED', Uint8Array.of(0xff, 0xff)],
    ['an empty message', 'MALFORMED', new Uint8Array()],
    ['a truncated operation', 'MALFORMED', encoded.subarray(0, encoded.length - 10)],
    ['an operation with more behind it', 'MALFORMED', Uint8Array.from([...encoded, 0])],
    ['an operation that nobody knows', 'MALFORMED', encodeCbor({ op: 'dance' })],
    ['a second hello', 'MALFORMED', encodeLinkOperation(hello({ to: bob.agentId }))],
    ['an answer to a frame that was not sent', 'MALFORMED', encodeLinkOperation({ op: 'delivered', frameId: unknown })],
    [
      'a refusal of such a frame',
      'MALFORMED',
      encodeLinkOperation({ op: 'refused', frameId: unknown, code: 'INTERNAL' }),
    ],
    ['a pong without a ping', 'MALFORMED', encodeLinkOperation({ op: 'pong', n: 1 })],
    [
      'a card that nobody asked for',
      'MALFORMED',
      encodeLinkOperation({ op: 'card', n: 1, agent: alice.agentId, card: Uint8Array.of(1) }),
    ],
  ];

  test.each(violations)('%s closes the link with %s', async (_what, code, bytes) => {
    const { peer, link, listener, warnings } = await open();
    peer.connection.send(bytes);
    expect(await peer.refusal()).toBe(code);
    expect((await link.closed)?.code).toBe(code);
    expect((await peer.connection.closed).reason).toBe(code);
    expect(warnings).toMatchObject([{ event: 'link.cut-off', fields: { code, peer: alice.agentId } }]);
    expect(listener.handler.frames).toEqual([]);
  });

  test('the same operations in their place do not close the link', async () => {
    const { peer, link, listener, warnings } = await open();
    peer.send({ op: 'credit', frames: 1, bytes: 1000 });
    peer.connection.send(encoded);
    expect((await peer.next('delivered')).frameId).toBe(frame.id);
    const back = frameFrom(bob.agentId, alice.agentId);
    const outcome = link.sendFrame(back);
    expect(decodeFrame((await peer.next('frame')).frame)).toEqual(back);
    peer.send({ op: 'refused', frameId: back.id, code: 'EXPIRED' });
    expect(await outcome).toEqual({ kind: 'refused', code: 'EXPIRED' });
    const card = link.getCard();
    const { n, agent } = await peer.next('card.get');
    expect(agent).toBe(alice.agentId);
    peer.send({ op: 'card', n, agent, card: Uint8Array.of(1) });
    expect(await card).toEqual(Uint8Array.of(1));
    expect(listener.handler.frames).toHaveLength(1);
    expect(warnings).toEqual([]);
  });

  test('an answer to a frame that still waits for credit closes the link', async () => {
    const { peer, link } = await open();
    const back = frameFrom(bob.agentId, alice.agentId);
    const outcome = failure(link.sendFrame(back));
    peer.send({ op: 'delivered', frameId: back.id });
    expect(await peer.refusal()).toBe('MALFORMED');
    expect((await outcome).code).toBe('LINK_CLOSED');
  });

  test('an oversized message closes the link', async () => {
    const { peer, link, listener } = await open();
    peer.connection.send(new Uint8Array(listener.limits.maxHandshakeFrameBytes + 2048));
    expect((await peer.connection.closed).code).toBe(1009);
    expect((await link.closed)?.code).toBeOneOf(['FRAME_TOO_LARGE', 'LINK_CLOSED']);
  });

  test('more questions at once than one may ask close the link', async () => {
    const { peer, link, listener } = await open();
    listener.handler.cardOf = () => new Promise(() => {});
    for (let count = 0; count <= listener.limits.maxLinkRequests; count += 1)
      peer.send({ op: 'card.get', n: count, agent: bob.agentId });
    expect(await peer.refusal()).toBe('RATE_LIMITED');
    expect((await link.closed)?.code).toBe('RATE_LIMITED');
  });

  test('a peer that asks and asks and reads no answer is cut off', async () => {
    const { peer, link, listener } = await open();
    listener.handler.cardOf = () => Promise.resolve(new Uint8Array(15_000));
    let ended = false;
    void link.closed.then(() => {
      ended = true;
    });
    for (let n = 0; !ended; n += 1) {
      peer.send({ op: 'card.get', n, agent: bob.agentId });
      await turn();
    }
    expect((await link.closed)?.code).toBe('TIMEOUT');
    expect(await peer.refusal()).toBeUndefined();
    expect((await peer.connection.closed).code).toBe(1006);
  });

  test('a question about another agent is refused, and the link goes on', async () => {
    const { peer } = await open();
    peer.send({ op: 'card.get', n: 5, agent: alice.agentId }, { op: 'keypackage.take', n: 6, agent: alice.agentId });
    expect(await peer.next('error')).toMatchObject({ n: 5, code: 'UNKNOWN_AGENT' });
    expect(await peer.next('error')).toMatchObject({ n: 6, code: 'UNKNOWN_AGENT' });
    peer.send({ op: 'ping', n: 7 });
    expect(await peer.next('pong')).toMatchObject({ op: 'pong', n: 7 });
  });

  test('what a peer sent is not in the log', async () => {
    const { peer, warnings, link } = await open();
    peer.connection.send(encodeCbor({ op: 'dance', text: 'very secret words' }));
    await link.closed;
    expect(warnings).toHaveLength(1);
    expect(JSON.stringify(warnings)).not.toContain('secret');
  });
}
