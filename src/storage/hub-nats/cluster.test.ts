import { describe, expect, it, vi } from 'vitest';
import { codeOf, silentLogger, systemClock, systemRandom } from '#kernel';
import type { Appended, HubStore, NewMail } from '#hub';
import { bob, bounds, mail, withMembers } from '../../../test/contracts/hub-store/harness.ts';
import { hasNatsServer, NatsServer } from '../../../test/support/nats-server.ts';
import { openNatsHubStore } from './hub-store.ts';
import { NatsClient } from './nats-client.ts';

const wide = { ...bounds, maxFrames: 1e6, maxBytes: 1e9, maxFramesPerSender: 1e6, maxBytesPerSender: 1e9 };
const prefix = 'mesh';
const ports = { clock: systemClock, random: systemRandom };

/** A cluster of three, and two processes of a hub on it, each first connected to a server of its own. */
class ClusteredHub implements AsyncDisposable {
  readonly servers: readonly NatsServer[];
  readonly stores: readonly HubStore[];
  /** What was confirmed: nothing of it may ever be lost. */
  readonly confirmed = new Set<string>();
  #count = 0;

  private constructor(servers: readonly NatsServer[], stores: readonly HubStore[]) {
    this.servers = servers;
    this.stores = stores;
  }

  static async start(): Promise<ClusteredHub> {
    const servers = await NatsServer.startCluster();
    const open = async (number: number): Promise<HubStore> =>
      (await openNatsHubStore({ ...ports, urls: at(servers, number).url, prefix })).store;
    const stores = [await open(0), await open(1)];
    await withMembers(at(stores, 0));
    return new ClusteredHub(servers, stores);
  }

  /** As a sender does it: the same frame again until somebody has it. */
  async deliver(one: NewMail, turn: number): Promise<Appended | undefined> {
    for (let attempt = turn; ; attempt += 1) {
      try {
        return (await this.stores[attempt % 2]?.mailboxes.append([one]))?.[0];
      } catch (error) {
        expect(codeOf(error)).toBe('HUB_STORE_UNREACHABLE');
      }
    }
  }

  /** Four senders at once; `steps` are done when so many frames are there, while the others go on. */
  async traffic(frames: number, steps: ReadonlyMap<number, () => Promise<void>>): Promise<void> {
    let begun = 0;
    const done: Promise<void>[] = [];
    const send = async (): Promise<void> => {
      while (begun < frames) {
        const number = (begun += 1);
        const step = steps.get(number);
        if (step !== undefined) done.push(step());
        const text = `frame ${(this.#count += 1)}`;
        const told = await this.deliver(mail({ frame: Buffer.from(text), bounds: wide }), number);
        expect(told).toMatchObject({ kind: 'stored' });
        this.confirmed.add(text);
      }
    };
    await Promise.all([send(), send(), send(), send()]);
    await Promise.all(done);
  }

  /** The server that leads the stream of the mailbox. */
  async leader(): Promise<NatsServer> {
    const streams = [0, 1, 2, 3].map((shard) => at(this.servers, 0).stream(`${prefix}_mail_${shard}`));
    const used = (await Promise.all(streams)).find(({ messages }) => messages > 0);
    return this.servers.find(({ name }) => name === used?.leader) ?? fail();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.stores.map((store) => store.close()));
    await Promise.all(this.servers.map((server) => server[Symbol.asyncDispose]()));
  }
}

// Each has a cluster of its own, and most of the time is spent waiting for elections: they wait together.
describe.runIf(hasNatsServer).concurrent('a cluster of three, and two processes of a hub on it', () => {
  it('loses and doubles nothing when a leader is killed and comes back', async () => {
    await using hub = await ClusteredHub.start();
    await hub.traffic(10, new Map());
    const victim = await hub.leader();
    const steps = new Map([
      [100, () => victim.end('SIGKILL')],
      [250, () => victim.run()],
    ]);
    await hub.traffic(400, steps);
    await expectAll(hub);
  }, 120_000);

  it('loses and doubles nothing when the server that a hub is connected to is cut off for a while', async () => {
    await using hub = await ClusteredHub.start();
    await hub.traffic(10, new Map());
    const leader = await hub.leader();
    // A leader of an old version that stood still may lose records that it confirmed: docs/hub.md.
    const victim = hub.servers.slice(0, hub.stores.length).find((server) => server !== leader) ?? fail();
    const steps = new Map([
      [100, async () => victim.signal('SIGSTOP')],
      [250, async () => victim.signal('SIGCONT')],
    ]);
    await hub.traffic(400, steps);
    await expectAll(hub);
  }, 120_000);

  it('loses and doubles nothing when all are killed at once and come back', async () => {
    await using hub = await ClusteredHub.start();
    const { servers } = hub;
    const killAll = async (): Promise<void> => {
      await Promise.all(servers.map((server) => server.end('SIGKILL')));
      await Promise.all(servers.map((server) => server.run()));
    };
    await hub.traffic(300, new Map([[100, killAll]]));
    await expectAll(hub);
  }, 120_000);

  it('fails with a code that says so while there is no majority, and goes on when there is one again', async () => {
    await using hub = await ClusteredHub.start();
    await hub.traffic(10, new Map());
    const [first, second, third] = hub.servers;
    const hasty = await openNatsHubStore({ ...ports, urls: first?.url ?? '', prefix, retryMs: 1000 });
    await Promise.all([second?.end('SIGKILL'), third?.end('SIGKILL')]);
    const lost = mail({ frame: Buffer.from('unanswered'), bounds: wide });
    await expect(hasty.store.mailboxes.append([lost])).rejects.toMatchObject({
      code: 'HUB_STORE_UNREACHABLE',
      retryable: true,
    });
    await hasty.store.close();
    await Promise.all([second?.run(), third?.run()]);
    expect(await hub.deliver(lost, 0)).toMatchObject({ kind: 'stored' });
    hub.confirmed.add('unanswered');
    await expectAll(hub);
    expect(await hub.stores[1]?.agents.find(bob)).toMatchObject({ name: 'bob' });
  }, 120_000);

  it('has a client that reads many messages from the server that leads their stream', async () => {
    const servers = await NatsServer.startCluster();
    const client = await NatsClient.connect(
      { servers: at(servers, 0).url },
      { ...ports, logger: silentLogger, retryMs: 20_000 },
    );
    const stream = 'many';
    await client.retried(() => client.manager.streams.add({ name: stream, subjects: ['many.>'], num_replicas: 3 }));
    for (let sent = 0; sent < 200; sent += 1)
      await client.publish({ stream, subject: 'many.one', id: client.newId(), data: Uint8Array.of(sent) });
    const { consumers } = client.manager;
    const add = consumers.add.bind(consumers);
    const places: (string | undefined)[] = [];
    vi.spyOn(consumers, 'add').mockImplementation(async (name, config) => {
      const info = await add(name, config);
      places.push(info.cluster?.leader);
      return info;
    });
    const removed = vi.spyOn(consumers, 'delete');
    const found: number[] = [];
    for (let round = 0; round < 5; round += 1)
      for await (const { data } of client.readAll({ stream, subject: 'many.one', from: 1 })) found.push(data[0] ?? -1);
    expect(found).toEqual(Array.from({ length: 1000 }, (_, index) => index % 200));
    const leader = (await client.manager.streams.info(stream)).cluster?.leader;
    // Where one was drawn elsewhere, it was not read.
    expect(places.filter((place) => place === leader)).toHaveLength(5);
    expect(removed.mock.calls).toHaveLength(places.length);
    await client.close();
    await Promise.all(servers.map((server) => server[Symbol.asyncDispose]()));
  });
});

/** Both processes know all that was confirmed, once, and one that has read nothing yet does. */
async function expectAll({ servers, stores, confirmed }: ClusteredHub): Promise<void> {
  const urls = servers.map(({ url }) => url).join(',');
  const { store: late } = await openNatsHubStore({ ...ports, urls, prefix });
  for (const store of [...stores, late]) {
    const { items, more } = await store.mailboxes.read(bob, { after: 0, frames: 1e6, bytes: 1e9 });
    expect(more).toBe(false);
    const found = items.map(({ frame }) => Buffer.from(frame).toString());
    expect(new Set(found)).toEqual(confirmed);
    expect(found).toHaveLength(confirmed.size);
  }
  await late.close();
}

function at<T>(list: readonly T[], number: number): T {
  return list[number] ?? fail();
}

function fail(): never {
  throw new Error('There is no such server');
}
