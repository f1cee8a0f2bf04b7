import { describe, expect, test } from 'vitest';
import { type Limits, silentLogger, systemRandom } from '#kernel';
import { failure } from '../../test/support/failure.ts';
import {
  agent,
  alice,
  bob,
  dialAs,
  type FakeHandler,
  frameFrom,
  linkEnd,
  mallory,
} from '../../test/support/link-agents.ts';
import type { ManualClock } from '../../test/support/manual-clock.ts';
import type { Link } from './link.ts';
import { LinkListener } from './link-listener.ts';
import type { LinkSelf } from './handshake-proof.ts';
import { memoryConnections } from './memory-connection.ts';

function listening(limits: Partial<Limits> = {}): { listener: LinkListener; handler: FakeHandler; clock: ManualClock } {
  const end = linkEnd(bob, limits);
  const { handler } = end;
  const agents = (agentId: string): LinkSelf | undefined => (agentId === bob.agentId ? bob : undefined);
  const listener = new LinkListener({ ...end, agents, random: systemRandom, logger: silentLogger });
  return { listener, handler, clock: end.clock };
}

async function dial(listener: LinkListener, self: LinkSelf): Promise<Link> {
  const [near, far] = memoryConnections();
  const [link] = await Promise.all([dialAs(linkEnd(self), near), listener.accept(far)]);
  return link;
}

describe('a link listener', () => {
  test('takes links and counts the open ones', async () => {
    const { listener } = listening();
    const link = await dial(listener, alice);
    expect(await link.sendFrame(frameFrom(alice.agentId, bob.agentId))).toEqual({ kind: 'delivered' });
    expect(listener.size).toBe(1);
    link.close();
    await link.closed;
    await listener.close();
    expect(listener.size).toBe(0);
  });

  test('has room for so many that did not prove who they are, and room again when their time is over', async () => {
    const { listener, clock } = listening({ maxUnauthenticatedLinks: 2, newcomerPercent: 100 });
    const silent = [memoryConnections(), memoryConnections()];
    const accepting = silent.map(([, far]) => listener.accept(far));
    expect(listener.hasRoomFor('10.0.0.1')).toBe(false);
    expect(await failure(dial(listener, alice))).toMatchObject({
      code: 'RATE_LIMITED',
      data: { retryAfterMs: 5000 },
    });
    await clock.advance(5000);
    await Promise.all(accepting);
    expect(listener.hasRoomFor('10.0.0.1')).toBe(true);
    expect((await dial(listener, alice)).remote.agentId).toBe(bob.agentId);
  });

  test('keeps room for others when one address makes ten thousand connections and proves nothing', async () => {
    const { listener, clock } = listening({ maxUnauthenticatedLinks: 8, newcomerPercent: 25 });
    const from = (address: string) => memoryConnections({ address })[1];
    const flood = Array.from({ length: 10_000 }, (_, n) => from(`2001:db8:0:1::${n.toString(16)}`));
    const accepting = flood.map((connection) => listener.accept(connection));
    expect(listener.hasRoomFor('2001:db8:0:1::ffff')).toBe(false);
    expect(listener.hasRoomFor('2001:db8:0:2::1')).toBe(true);
    const refused = await Promise.all(flood.slice(2).map(({ closed }) => closed));
    expect(new Set(refused.map(({ code }) => code))).toEqual(new Set([1013]));
    expect((await dial(listener, alice)).remote.agentId).toBe(bob.agentId);
    await clock.advance(5000);
    await Promise.all(accepting);
    expect(listener.hasRoomFor('2001:db8:0:1::1')).toBe(true);
    expect(listener.size).toBe(1);
  });

  test('refuses links beyond the limit until one is gone', async () => {
    const { listener } = listening({ maxLinks: 2 });
    const first = await dial(listener, alice);
    await dial(listener, mallory);
    expect((await failure(dial(listener, agent(5)))).code).toBe('RATE_LIMITED');
    expect(listener.size).toBe(2);
    first.close();
    await listener.close();
  });

  test('gives the place of a stranger to a peer, and not to another stranger', async () => {
    const { listener, handler } = listening({ maxLinks: 2 });
    for (const { agentId } of [mallory, agent(6)]) handler.strangers.add(agentId);
    const peer = await dial(listener, alice);
    const stranger = await dial(listener, mallory);
    expect((await failure(dial(listener, agent(6)))).code).toBe('RATE_LIMITED');
    const other = await dial(listener, agent(5));
    expect((await stranger.closed)?.code).toBe('RATE_LIMITED');
    expect(listener.size).toBe(2);
    expect(await peer.ping()).toBe(0);
    expect(await other.ping()).toBe(0);
  });

  test('close ends links and handshakes and takes no more', async () => {
    const { listener } = listening();
    const link = await dial(listener, alice);
    const [near, far] = memoryConnections();
    const accepting = listener.accept(far);
    await listener.close();
    expect((await link.closed)?.code).toBe('SHUTTING_DOWN');
    expect((await near.closed).reason).toBe('SHUTTING_DOWN');
    expect(await accepting).toBeUndefined();
    expect((await failure(dial(listener, alice))).code).toBe('SHUTTING_DOWN');
  });

  test('a handler that fails when it is told of a link costs that link only', async () => {
    const { listener, handler } = listening();
    handler.onLink = () => {
      throw new TypeError('a fault in the node');
    };
    const link = await dial(listener, alice);
    expect((await link.closed)?.code).toBe('INTERNAL');
    handler.onLink = () => {};
    expect(await (await dial(listener, alice)).ping()).toBe(0);
    expect(listener.size).toBe(1);
  });
});
