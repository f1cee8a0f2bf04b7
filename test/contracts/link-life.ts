import { expect, test } from 'vitest';
import { fromUtf8 } from '#kernel';
import { failure } from '../support/failure.ts';
import { acceptAs, alice, bob, frameFrom, framesFrom, linked, linkEnd } from '../support/link-agents.ts';
import type { LinkTransport } from '../support/link-transports.ts';
import { RawPeer } from '../support/raw-peer.ts';

export function linkLifeContract(transport: () => LinkTransport): void {
  test('both sides are told of the link, with who is there and how', async () => {
    const { dialler, listener } = await linked(transport());
    expect(dialler.handler.links).toEqual([dialler.link]);
    expect(listener.handler.links).toEqual([listener.link]);
    expect([dialler.link.local, dialler.link.remote.agentId]).toEqual([alice.agentId, bob.agentId]);
    expect([listener.link.local, listener.link.remote.agentId]).toEqual([bob.agentId, alice.agentId]);
    expect(dialler.link.route).toMatch(/^direct /);
    expect(listener.link.route).toMatch(/^inbound /);
  });

  test('what the handler sends at once, when it is told of the link, arrives', async () => {
    const dialler = linkEnd(alice);
    const listener = linkEnd(bob);
    const sent: Promise<unknown>[] = [];
    for (const [end, other] of [
      [dialler, bob],
      [listener, alice],
    ] as const) {
      end.handler.onLink = (link) => {
        sent.push(link.getCard(), link.sendFrame(frameFrom(end.self.agentId, other.agentId)));
      };
    }
    await linked(transport(), { dialler, listener });
    expect(await Promise.all(sent)).toHaveLength(4);
  });

  test('a cut in the middle rejects what waits, and the same frames pass on the next link', async () => {
    const listener = linkEnd(bob);
    listener.handler.outcome = () => new Promise(() => {});
    const first = await linked(transport(), { listener });
    const frames = framesFrom(alice.agentId, bob.agentId, 5);
    const outcomes = Promise.allSettled(frames.map((frame) => first.dialler.link.sendFrame(frame)));
    const card = first.dialler.link.getCard();
    await listener.handler.received(3);
    expect(await card).toBeDefined();
    first.listener.connection.cut();
    for (const outcome of await outcomes)
      expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'LINK_CLOSED' } });
    expect((await first.dialler.link.closed)?.code).toBe('LINK_CLOSED');
    expect((await first.listener.link.closed)?.code).toBe('LINK_CLOSED');
    for (const late of [
      first.dialler.link.sendFrame(frameFrom(alice.agentId, bob.agentId)),
      first.dialler.link.getCard(),
    ]) {
      expect((await failure(late)).code).toBe('LINK_CLOSED');
    }

    const again = await linked(transport());
    for (const frame of frames) expect(await again.dialler.link.sendFrame(frame)).toEqual({ kind: 'delivered' });
    expect(again.listener.handler.frames).toEqual(frames);
  });

  test('close without a reason is no error here and LINK_CLOSED there', async () => {
    const { dialler, listener } = await linked(transport());
    dialler.link.close();
    dialler.link.close('INTERNAL');
    expect(await dialler.link.closed).toBeUndefined();
    expect((await listener.link.closed)?.code).toBe('LINK_CLOSED');
  });

  test('the reason of a close is told to the far end', async () => {
    const { dialler, listener } = await linked(transport());
    const waiting = failure(listener.link.sendFrame(frameFrom(bob.agentId, alice.agentId)));
    dialler.handler.outcome = () => new Promise(() => {});
    await dialler.handler.received(1);
    dialler.link.close('SHUTTING_DOWN');
    expect((await dialler.link.closed)?.code).toBe('SHUTTING_DOWN');
    expect((await listener.link.closed)?.code).toBe('SHUTTING_DOWN');
    expect((await waiting).code).toBe('LINK_CLOSED');
  });

  test('the reason arrives also when the far end waits for an answer', async () => {
    const { dialler, listener } = await linked(transport());
    dialler.handler.cardOf = () => new Promise(() => {});
    const waiting = failure(listener.link.getCard());
    await listener.link.ping();
    dialler.link.close('SHUTTING_DOWN');
    expect((await listener.link.closed)?.code).toBe('SHUTTING_DOWN');
    expect((await waiting).code).toBe('LINK_CLOSED');
  });

  test('cards and key packages are fetched', async () => {
    const { dialler, listener } = await linked(transport());
    const [card, keyPackage, other] = await Promise.all([
      dialler.link.getCard(),
      dialler.link.takeKeyPackage(),
      listener.link.getCard(),
    ]);
    expect(fromUtf8(card)).toBe(`card of ${bob.agentId}`);
    expect(fromUtf8(keyPackage)).toBe(`key package of ${bob.agentId} for ${alice.agentId}`);
    expect(fromUtf8(other)).toBe(`card of ${alice.agentId}`);
  });

  test('a refused key package is an error of that call, and the link goes on', async () => {
    const { dialler, listener } = await linked(transport());
    listener.handler.refuseKeyPackage = 'NOT_TRUSTED';
    const refused = dialler.link.takeKeyPackage();
    const card = dialler.link.getCard();
    await expect(refused).rejects.toMatchObject({ code: 'NOT_TRUSTED' });
    expect(fromUtf8(await card)).toBe(`card of ${bob.agentId}`);
    expect(await dialler.link.sendFrame(frameFrom(alice.agentId, bob.agentId))).toEqual({ kind: 'delivered' });
  });

  test('a card that does not come in time is a timeout, and coming late is not taken for the next one', async () => {
    const listener = linkEnd(bob);
    const { dialler } = await linked(transport(), { listener });
    const first = Promise.withResolvers<Uint8Array>();
    listener.handler.cardOf = () => first.promise;
    const late = failure(dialler.link.getCard());
    await dialler.link.ping();
    await dialler.clock.advance(dialler.limits.linkRequestMs);
    expect((await late).code).toBe('TIMEOUT');
    listener.handler.cardOf = () => Promise.resolve(Uint8Array.of(2));
    const second = dialler.link.getCard();
    first.resolve(Uint8Array.of(1));
    expect(await second).toEqual(Uint8Array.of(2));
  });

  test('a ping tells the round trip by the clock', async () => {
    const { dialler } = await linked(transport());
    expect(await dialler.link.ping()).toBe(0);
    const [near, far] = await transport().connect();
    const listener = linkEnd(bob);
    const accepting = acceptAs(listener, far);
    const peer = new RawPeer(near);
    await peer.dial();
    const roundTrip = (await accepting).ping();
    const { n } = await peer.next('ping');
    await listener.clock.advance(40);
    peer.send({ op: 'pong', n });
    expect(await roundTrip).toBe(40);
  });

  test('a quiet link is kept alive by pings', async () => {
    const { dialler, listener } = await linked(transport());
    let closed = false;
    void Promise.race([dialler.link.closed, listener.link.closed]).then(() => {
      closed = true;
    });
    for (let ping = 0; ping < 10; ping += 1) {
      await dialler.clock.advance(dialler.limits.linkPingMs);
      await listener.link.ping();
      await dialler.link.ping();
    }
    expect(dialler.clock.monotonic()).toBeGreaterThan(4 * dialler.limits.linkIdleMs);
    expect(closed).toBe(false);
  });

  test('a far end that does not answer pings is given up after the idle time', async () => {
    const [near, far] = await transport().connect();
    const listener = linkEnd(bob);
    const accepting = acceptAs(listener, far);
    const peer = new RawPeer(near);
    await peer.dial();
    const link = await accepting;
    const { linkIdleMs, linkPingMs } = listener.limits;
    await listener.clock.advance(linkPingMs);
    await peer.next('ping');
    let closed = false;
    void link.closed.then(() => {
      closed = true;
    });
    await listener.clock.advance(linkIdleMs - linkPingMs - 1);
    expect(closed).toBe(false);
    await listener.clock.advance(1);
    expect((await link.closed)?.code).toBe('TIMEOUT');
    expect((await peer.connection.closed).code).toBe(1006);
  });

  test('a closed link leaves nothing that waits for time', async () => {
    const { dialler, listener } = await linked(transport());
    expect(dialler.clock.sleeping).toBe(1);
    dialler.link.close();
    await listener.link.closed;
    await Promise.resolve();
    expect([dialler.clock.sleeping, listener.clock.sleeping]).toEqual([0, 0]);
  });
}
