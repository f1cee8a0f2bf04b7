import { expect, test } from 'vitest';
import { codeOf, type Limits, MeshError } from '#kernel';
import { signRotation, encodeRotation } from '#identity';
import type { Link } from '#link';
import { encodeFrame } from '#protocol';
import { failure } from '../support/failure.ts';
import {
  acceptAs,
  agent,
  alice,
  bob,
  dialAs,
  frameFrom,
  linked,
  type LinkEnd,
  linkEnd,
  mallory,
  rotated,
} from '../support/link-agents.ts';
import type { LinkTransport } from '../support/link-transports.ts';
import { diallerProof, hello, listenerProof, RawPeer } from '../support/raw-peer.ts';

export function linkHandshakeContract(transport: () => LinkTransport): void {
  /** A listener and a dialler by hand. */
  const listening = async (
    listener: LinkEnd = linkEnd(bob),
  ): Promise<{ peer: RawPeer; accepting: Promise<Link>; listener: LinkEnd }> => {
    const [near, far] = await transport().connect();
    const accepting = acceptAs(listener, far);
    accepting.catch(() => {});
    return { peer: new RawPeer(near), accepting, listener };
  };
  /** A dialler and a listener by hand. */
  const dialling = async (
    limits: Partial<Limits> = {},
  ): Promise<{ peer: RawPeer; dialled: Promise<Link>; dialler: LinkEnd }> => {
    const [near, far] = await transport().connect();
    const dialler = linkEnd(alice, limits);
    const dialled = dialAs(dialler, near);
    dialled.catch(() => {});
    return { peer: new RawPeer(far), dialled, dialler };
  };

  test('by hand, as the specification says, opens a link from both sides', async () => {
    const { peer, accepting } = await listening();
    const credit = await peer.dial();
    expect(credit.frames).toBeGreaterThan(0);
    expect((await accepting).remote).toEqual({ agentId: alice.agentId, rotations: [] });

    const other = await dialling();
    const dialler = await other.peer.next('hello');
    expect(dialler.to).toBe(bob.agentId);
    const listener = hello();
    other.peer.send(listener, listenerProof(bob, { dialler, listener }));
    const auth = await other.peer.next('auth');
    expect(auth).toEqual(diallerProof(alice, { dialler, listener }));
    other.peer.send({ op: 'credit', frames: 1, bytes: 1000 });
    expect((await other.dialled).remote).toEqual({ agentId: bob.agentId, rotations: [] });
  });

  test('the dialler tells nothing of itself before the listener proved to be the wanted agent', async () => {
    const { peer, dialled } = await dialling();
    const dialler = await peer.next('hello');
    expect(Object.keys(dialler).toSorted()).toEqual(['nonce', 'op', 'to', 'versions']);
    const listener = hello();
    peer.send(listener, listenerProof(mallory, { dialler, listener }));
    expect(await peer.refusal()).toBe('HANDSHAKE_FAILED');
    const error = await failure(dialled);
    expect([error.code, error.data]).toEqual([
      'HANDSHAKE_FAILED',
      { expected: bob.agentId, presented: mallory.agentId },
    ]);
  });

  test('an agent that rotated its key is found by its earlier id, and presents how it got there', async () => {
    const twice = rotated(rotated(bob, 12), 13);
    const [near, far] = await transport().connect();
    const [link] = await Promise.all([
      dialAs(linkEnd(alice), near, { expect: bob.agentId }),
      acceptAs(linkEnd(twice), far),
    ]);
    expect(link.remote.agentId).toBe(twice.agentId);
    expect(link.remote.rotations).toEqual(twice.rotations);
    const { listener } = await linked(transport(), { dialler: linkEnd(rotated(alice, 11)) });
    expect(listener.link.remote.rotations[0]?.from).toBe(alice.agentId);
  });

  test('of a long history of rotations the newest that fit are presented', async () => {
    let self = alice;
    for (let seed = 20; seed < 60; seed += 1) self = rotated(self, seed);
    const { listener } = await linked(transport(), { dialler: linkEnd(self) });
    const shown = listener.link.remote.rotations;
    expect(shown.length).toBeGreaterThan(10);
    expect(shown).toEqual(self.rotations.slice(-shown.length));
  });

  test('rotations that are forged or lead elsewhere are refused', async () => {
    const next = agent(11);
    const forged = signRotation({ from: mallory.root, to: next.root, at: 1 });
    const elsewhere = signRotation({ from: alice.root, to: mallory.root, at: 1 });
    for (const statement of [{ ...forged, from: alice.agentId }, elsewhere]) {
      const { peer, accepting } = await listening();
      const { hellos } = await peer.greet();
      peer.send({ ...diallerProof(next, hellos), rotations: [encodeRotation(statement)] });
      expect(await peer.refusal()).toBe('ROTATION_INVALID');
      expect((await failure(accepting)).code).toBe('ROTATION_INVALID');
    }
  });

  test('a forged signature is refused by both sides', async () => {
    const { peer, accepting, listener: end } = await listening();
    const { hellos } = await peer.greet();
    peer.send({ ...diallerProof(mallory, hellos), agentIds: [alice.agentId] });
    expect(await peer.refusal()).toBe('HANDSHAKE_FAILED');
    expect((await failure(accepting)).code).toBe('HANDSHAKE_FAILED');
    expect(end.handler.links).toEqual([]);

    const other = await dialling();
    const dialler = await other.peer.next('hello');
    const listener = hello();
    other.peer.send(listener, { ...listenerProof(mallory, { dialler, listener }), agentIds: [bob.agentId] });
    expect((await failure(other.dialled)).code).toBe('HANDSHAKE_FAILED');
  });

  test('the proof of the listener, sent back, proves nothing', async () => {
    const { peer, accepting } = await listening();
    const { auth } = await peer.greet();
    peer.send(auth);
    expect(await peer.refusal()).toBe('HANDSHAKE_FAILED');
    expect((await failure(accepting)).code).toBe('HANDSHAKE_FAILED');
  });

  test('the proof of an earlier connection proves nothing on the next', async () => {
    const earlier = await listening();
    const { hellos, auth } = await earlier.peer.greet();
    const proved = diallerProof(alice, hellos);
    earlier.peer.send(proved);
    await earlier.accepting;

    const again = await listening();
    again.peer.send(hellos.dialler);
    await again.peer.next('hello');
    again.peer.send(proved);
    expect(await again.peer.refusal()).toBe('HANDSHAKE_FAILED');

    const other = await dialling();
    await other.peer.next('hello');
    other.peer.send(hellos.listener, auth);
    expect((await failure(other.dialled)).code).toBe('HANDSHAKE_FAILED');
  });

  test('a proof made for another agent proves nothing here', async () => {
    // Mallory, whom Alice dials, passes Alice's words on to Bob.
    const { peer: toBob, accepting } = await listening();
    const [near, far] = await transport().connect();
    const dialled = dialAs(linkEnd(alice), near, { expect: mallory.agentId });
    dialled.catch(() => {});
    const toAlice = new RawPeer(far);
    const dialler = await toAlice.next('hello');
    toBob.send({ ...dialler, to: bob.agentId });
    const listener = await toBob.next('hello');
    await toBob.next('auth');
    toAlice.send(listener, listenerProof(mallory, { dialler, listener }));
    toBob.send(await toAlice.next('auth'));
    expect(await toBob.refusal()).toBe('HANDSHAKE_FAILED');
    expect((await failure(accepting)).code).toBe('HANDSHAKE_FAILED');
    toAlice.connection.cut();
  });

  test('an unknown agent is refused and named', async () => {
    const [near, far] = await transport().connect();
    const accepting = failure(acceptAs(linkEnd(bob), far));
    expect((await failure(dialAs(linkEnd(alice), near, { expect: mallory.agentId }))).code).toBe('UNKNOWN_AGENT');
    expect((await accepting).message).toContain(mallory.agentId);
  });

  test('a hello that wants nobody is refused', async () => {
    const { peer } = await listening();
    peer.send(hello());
    expect(await peer.refusal()).toBe('UNKNOWN_AGENT');
  });

  test('versions without overlap are refused by both sides, which name both ranges', async () => {
    const versions = [7, 9];
    const { peer, accepting } = await listening();
    peer.send(hello({ versions, to: bob.agentId }));
    expect(await peer.refusal()).toBe('UNSUPPORTED_VERSION');
    expect((await failure(accepting)).message).toMatch(/1.*7.*9/);

    const other = await dialling();
    await other.peer.next('hello');
    other.peer.send(hello({ versions }));
    const error = await failure(other.dialled);
    expect(error.code).toBe('UNSUPPORTED_VERSION');
    expect(error.message).toMatch(/1.*7.*9/);
  });

  test('an agent does not link to itself', async () => {
    const { peer } = await listening();
    const { hellos } = await peer.greet();
    peer.send(diallerProof(bob, hellos));
    expect(await peer.refusal()).toBe('HANDSHAKE_FAILED');
    const [near] = await transport().connect();
    expect((await failure(dialAs(linkEnd(bob), near, { expect: bob.agentId }))).code).toBe('INVALID_ARGUMENT');
  });

  test('a peer that connects and says nothing is closed when its time is over', async () => {
    const { peer, accepting, listener } = await listening();
    await listener.clock.advance(listener.limits.handshakeMs - 1);
    let closed = false;
    void peer.connection.closed.then(() => {
      closed = true;
    });
    expect(closed).toBe(false);
    await listener.clock.advance(1);
    expect(await peer.refusal()).toBe('HANDSHAKE_TIMEOUT');
    expect((await failure(accepting)).code).toBe('HANDSHAKE_TIMEOUT');
  });

  test('a listener that stops half-way is given up when its time is over', async () => {
    const { peer, dialled, dialler } = await dialling();
    const wanted = await peer.next('hello');
    const listener = hello();
    peer.send(listener, listenerProof(bob, { dialler: wanted, listener }));
    await peer.next('auth');
    await dialler.clock.advance(dialler.limits.handshakeMs);
    expect((await failure(dialled)).code).toBe('HANDSHAKE_TIMEOUT');
    expect(dialler.handler.links).toEqual([]);
    expect(dialler.clock.sleeping).toBe(0);
  });

  test('a dialler that is told to stop does so, with the reason of the signal', async () => {
    const [near, far] = await transport().connect();
    const stop = new AbortController();
    const dialled = failure(dialAs(linkEnd(alice), near, { signal: stop.signal }));
    const peer = new RawPeer(far);
    await peer.next('hello');
    stop.abort(new MeshError('SHUTTING_DOWN'));
    expect((await dialled).code).toBe('SHUTTING_DOWN');
    expect((await peer.connection.closed).code).toBe(1000);
  });

  test('more bytes than a stranger may send close the connection', async () => {
    const { peer, accepting, listener } = await listening();
    const { hellos } = await peer.greet();
    const rotations = [new Uint8Array(listener.limits.maxHandshakeBytes)];
    peer.send({ ...diallerProof(alice, hellos), rotations });
    expect((await failure(accepting)).message).toContain('maxHandshakeBytes');
    expect(codeOf(await failure(accepting))).toBe('HANDSHAKE_FAILED');
    expect(await peer.refusal()).toBe('HANDSHAKE_FAILED');
  });

  test('a frame before the proof closes the connection', async () => {
    for (const greeted of [false, true]) {
      const { peer, listener } = await listening();
      if (greeted) await peer.greet();
      peer.send({ op: 'frame', frame: encodeFrame(frameFrom(alice.agentId, bob.agentId)) });
      expect(await peer.refusal()).toBe('MALFORMED');
      expect(listener.handler.frames).toEqual([]);
    }
  });

  test('bytes that are no operation close the connection', async () => {
    const { peer, accepting } = await listening();
    peer.connection.send(Uint8Array.of(0xff, 0x00));
    expect(await peer.refusal()).toBe('MALFORMED');
    expect((await failure(accepting)).code).toBe('MALFORMED');
  });

  test('what the listener refuses is the error of the dialler', async () => {
    const { peer, dialled } = await dialling();
    await peer.next('hello');
    peer.send({ op: 'error', code: 'RATE_LIMITED', retryAfterMs: 4000 });
    const error = await failure(dialled);
    expect([error.code, error.data['retryAfterMs']]).toEqual(['RATE_LIMITED', 4000]);
  });

  test('a connection that ends in the handshake is LINK_CLOSED', async () => {
    const { peer, dialled } = await dialling();
    await peer.next('hello');
    peer.connection.cut();
    expect((await failure(dialled)).code).toBe('LINK_CLOSED');
  });
}
