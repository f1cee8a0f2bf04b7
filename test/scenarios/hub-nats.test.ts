import { afterEach, describe, expect, it } from 'vitest';
import { systemClock, systemRandom } from '#kernel';
import { encodeFrame } from '#protocol';
import { openNatsHubStore } from '#storage';
import { fetchAll, HubWorld, mailFrom } from '../support/hub-world.ts';
import { alice, bob } from '../support/link-agents.ts';
import { hasNatsServer, NatsServer } from '../support/nats-server.ts';

/** Two processes of one hub: they have its key, and share what NATS keeps. */
describe.runIf(hasNatsServer)('two processes of a hub', () => {
  const servers: NatsServer[] = [];
  const worlds: HubWorld[] = [];
  afterEach(async () => {
    await Promise.all(worlds.splice(0).map(({ hub }) => hub.stop()));
    await Promise.all(servers.splice(0).map((server) => server[Symbol.asyncDispose]()));
  });

  const openOne = async (urls: string): Promise<HubWorld> => {
    const ports = { clock: systemClock, random: systemRandom };
    const world = await HubWorld.open({ store: async () => (await openNatsHubStore({ ...ports, urls })).store });
    worlds.push(world);
    return world;
  };
  const openTwo = async (): Promise<[HubWorld, HubWorld]> => {
    const server = await NatsServer.start();
    servers.push(server);
    return [await openOne(server.url), await openOne(server.url)];
  };

  it('wake an agent that waits at one for a frame that comes to the other', async () => {
    const [first, second] = await openTwo();
    const sender = await first.member(alice, 'alice');
    const receiver = await second.member(bob, 'bob');
    const frame = mailFrom(alice, bob);
    // No time passes in this story: what waits is woken, or waits for ever.
    const waiting = receiver.ask({ ...fetchAll, waitMs: 60_000 });
    await receiver.ask({ op: 'keypackage.put', packages: [] });
    expect(await sender.sendFrame(frame)).toMatchObject({ kind: 'stored' });
    expect((await waiting).items.map((item) => item.frame)).toEqual([encodeFrame(frame)]);
  });

  it('serve an agent that moves between them from its place, and take a frame once that comes to both', async () => {
    const [first, second] = await openTwo();
    const [here, there] = [await first.member(alice, 'alice'), await second.link(alice)];
    const atFirst = await first.member(bob, 'bob');
    const frames = Array.from({ length: 20 }, () => mailFrom(alice, bob));
    const outcomes = await Promise.all(frames.flatMap((frame) => [here.sendFrame(frame), there.sendFrame(frame)]));
    expect(outcomes.every(({ kind }) => kind === 'stored')).toBe(true);
    const page = await atFirst.ask({ ...fetchAll, frames: 5 });
    atFirst.close();
    const atSecond = await second.link(bob);
    const after = page.items.at(-1)?.cursor ?? 0;
    const rest = await atSecond.ask({ ...fetchAll, epoch: page.epoch, after });
    const ids = (items: typeof rest.items): string[] => items.map(({ frame }) => Buffer.from(frame).toString('hex'));
    const all = [...ids(page.items), ...ids(rest.items)];
    expect([rest.after, all.length, new Set(all).size]).toEqual([after, 20, 20]);
    expect(new Set(all)).toEqual(new Set(frames.map((frame) => Buffer.from(encodeFrame(frame)).toString('hex'))));
  });
});
