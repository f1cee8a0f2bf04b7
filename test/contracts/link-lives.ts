import { expect, test } from 'vitest';
import { fromHex, systemRandom, toHex } from '#kernel';
import { encodeIncarnation, isLater, type Life, signIncarnation } from '#identity';
import { callAgent, type LinkHandler, type LinkSelf, superseded } from '#link';
import { failure } from '../support/failure.ts';
import { acceptAs, alice, bob, dialAs, linked, type LinkEnd, linkEnd, mallory } from '../support/link-agents.ts';
import type { LinkTransport } from '../support/link-transports.ts';
import { diallerProof, RawPeer } from '../support/raw-peer.ts';

const life = (number: number): Life => ({ number, id: new Uint8Array(16).fill(number), asOf: 1 });

/** The agent after it was brought back. */
const reborn = (self: LinkSelf, number: number): LinkSelf => ({
  ...self,
  incarnation: signIncarnation(self.root, life(number)),
});

/** As somebody does who knows this life of everybody. */
const knowing =
  (known: LinkSelf): LinkHandler['admit'] =>
  (_local, { incarnation }) => {
    if (known.incarnation === undefined || !isLater(known.incarnation, incarnation)) return;
    throw superseded(encodeIncarnation(known.incarnation));
  };

/** As it is on the wire, in hex. */
const proofOf = ({ incarnation }: LinkSelf): string => {
  if (incarnation === undefined) throw new Error('It has no life to show');
  return toHex(encodeIncarnation(incarnation));
};

export function linkLivesContract(transport: () => LinkTransport): void {
  const dialAndAccept = async (dialler: LinkEnd, listener: LinkEnd) => {
    const [near, far] = await transport().connect();
    const dialled = dialAs(dialler, near, { expect: listener.self.agentId });
    const accepted = acceptAs(listener, far);
    return Promise.allSettled([dialled, accepted]);
  };

  test('both sides learn which life of the other speaks', async () => {
    const ends = { dialler: linkEnd(reborn(alice, 3)), listener: linkEnd(reborn(bob, 4)) };
    const { dialler, listener } = await linked(transport(), ends);
    expect(listener.link.remote.incarnation).toEqual(ends.dialler.self.incarnation);
    expect(dialler.link.remote.incarnation).toEqual(ends.listener.self.incarnation);
  });

  test('a life that was taken out on the way, or put in, is a proof that does not hold', async () => {
    const living = reborn(alice, 3);
    for (const shown of ['nothing', 'a life'] as const) {
      const [near, far] = await transport().connect();
      const accepting = failure(acceptAs(linkEnd(bob), far));
      const peer = new RawPeer(near);
      const { hellos } = await peer.greet();
      const honest = diallerProof(shown === 'nothing' ? living : alice, hellos);
      const { incarnation: _incarnation, ...bare } = honest;
      peer.send(shown === 'nothing' ? bare : { ...honest, incarnation: fromHex(proofOf(living)) });
      expect(await peer.refusal()).toBe('HANDSHAKE_FAILED');
      expect((await accepting).code).toBe('HANDSHAKE_FAILED');
    }
  });

  test('a life of somebody else is refused, and one that nobody signed', async () => {
    const forged = { ...signIncarnation(alice.root, life(3)), number: 9 };
    const cases = [
      [signIncarnation(mallory.root, life(3)), 'HANDSHAKE_FAILED'],
      [forged, 'SIGNATURE_INVALID'],
    ] as const;
    for (const [incarnation, code] of cases) {
      const [dialled, accepted] = await dialAndAccept(linkEnd({ ...alice, incarnation }), linkEnd(bob));
      expect([dialled, accepted].map(({ status }) => status)).toEqual(['rejected', 'rejected']);
      if (accepted.status === 'rejected') expect(accepted.reason).toMatchObject({ code });
    }
  });

  test('a dialler that is an earlier life gets the proof of the later one, and no credit', async () => {
    const later = reborn(alice, 5);
    for (const self of [alice, reborn(alice, 4)]) {
      const [dialler, listener] = [linkEnd(self), linkEnd(bob)];
      listener.handler.admit = knowing(later);
      const [dialled, accepted] = await dialAndAccept(dialler, listener);
      expect(dialled).toMatchObject({ status: 'rejected', reason: { code: 'SUPERSEDED' } });
      expect(accepted).toMatchObject({ status: 'rejected', reason: { code: 'SUPERSEDED' } });
      expect(dialler.handler.proofs.map(toHex)).toEqual([proofOf(later)]);
      expect([listener.handler.links, listener.handler.proofs]).toEqual([[], []]);
    }
  });

  test('a listener that is an earlier life gets the proof, and hears nothing of who dialled', async () => {
    const later = reborn(bob, 5);
    const [dialler, listener] = [linkEnd(alice), linkEnd(reborn(bob, 4))];
    dialler.handler.admit = knowing(later);
    const [dialled, accepted] = await dialAndAccept(dialler, listener);
    expect(dialled).toMatchObject({ status: 'rejected', reason: { code: 'SUPERSEDED' } });
    expect(accepted).toMatchObject({ status: 'rejected', reason: { code: 'SUPERSEDED' } });
    expect(listener.handler.proofs.map(toHex)).toEqual([proofOf(later)]);
  });

  test('the latest life, and one of which nobody knows a later one, opens its link', async () => {
    for (const known of [reborn(alice, 5), reborn(alice, 4)]) {
      const [dialler, listener] = [linkEnd(reborn(alice, 5)), linkEnd(bob)];
      listener.handler.admit = knowing(known);
      const ends = await dialAndAccept(dialler, listener);
      expect(ends.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled']);
    }
  });

  test('an open link ends with the proof', async () => {
    const { dialler, listener } = await linked(transport());
    const later = proofOf(reborn(alice, 5));
    listener.link.close(superseded(fromHex(later)));
    expect((await dialler.link.closed)?.code).toBe('SUPERSEDED');
    expect(dialler.handler.proofs.map(toHex)).toEqual([later]);
  });

  test('whoever only looks who is there finds it, itself included, and opens no link', async () => {
    const [near, far] = await transport().connect();
    const listener = linkEnd(reborn(bob, 4));
    const accepting = failure(acceptAs(listener, far));
    const caller = linkEnd(bob);
    const found = await callAgent({
      ...caller,
      connection: near,
      expect: bob.agentId,
      random: systemRandom,
    });
    expect(found).toEqual({ agentId: bob.agentId, rotations: [], incarnation: listener.self.incarnation });
    expect((await accepting).code).toBe('LINK_CLOSED');
    expect(listener.handler.links).toEqual([]);
  });

  test('whoever only looks can refuse an earlier life with the proof', async () => {
    const [near, far] = await transport().connect();
    const listener = linkEnd(bob);
    const accepting = failure(acceptAs(listener, far));
    const { clock, limits, handler } = linkEnd(bob);
    const later = reborn(bob, 5);
    const calling = callAgent({
      clock,
      limits,
      handler,
      connection: near,
      expect: bob.agentId,
      random: systemRandom,
      admit: (remote) => knowing(later)(bob.agentId, remote),
    });
    expect((await failure(calling)).code).toBe('SUPERSEDED');
    expect((await accepting).code).toBe('SUPERSEDED');
    expect(listener.handler.proofs.map(toHex)).toEqual([proofOf(later)]);
  });

  test('the clocks of both ends are compared at every ping', async () => {
    const { dialler, listener } = await linked(transport());
    expect(dialler.link.clockOffsetMs).toBeUndefined();
    listener.clock.jump(420_000);
    await dialler.link.ping();
    expect(dialler.link.clockOffsetMs).toBe(420_000);
    dialler.clock.jump(420_500);
    await dialler.link.ping();
    expect(dialler.link.clockOffsetMs).toBe(-500);
  });
}
