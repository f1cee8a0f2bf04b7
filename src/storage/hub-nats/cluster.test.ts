import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { codeOf, systemClock, systemRandom } from '#kernel';
import type { Appended, HubStore, NewMail } from '#hub';
import { bob, bounds, mail, withMembers } from '../../../test/contracts/hub-store/harness.ts';
import { hasNatsServer, NatsServer } from '../../../test/support/nats-server.ts';
import { openNatsHubStore } from './hub-store.ts';

const wide = { ...bounds, maxFrames: 1e6, maxBytes: 1e9, maxFramesPerSender: 1e6, maxBytesPerSender: 1e9 };
const prefix = 'mesh';

describe.runIf(hasNatsServer)('a cluster of three, and two processes of a hub on it', () => {
  let servers: NatsServer[] = [];
  let stores: HubStore[] = [];
  /** What was confirmed, over all tests: nothing of it may ever be lost. */
  const confirmed = new Set<string>();
  let count = 0;

  beforeAll(async () => {
    servers = await NatsServer.startCluster();
    const urls = servers.map(({ url }) => url).join(',');
    const open = async (): Promise<HubStore> =>
      (await openNatsHubStore({ clock: systemClock, random: systemRandom, urls, prefix })).store;
    stores = [await open(), await open()];
    const [first] = stores;
    if (first !== undefined) await withMembers(first);
  });
  afterAll(async () => {
    await Promise.all(stores.map((store) => store.close()));
    await Promise.all(servers.map((server) => server[Symbol.asyncDispose]()));
  });

  /** As a sender does it: the same frame again until somebody has it. */
  const deliver = async (one: NewMail, turn: number): Promise<Appended | undefined> => {
    for (let attempt = turn; ; attempt += 1) {
      try {
        return (await stores[attempt % 2]?.mailboxes.append([one]))?.[0];
      } catch (error) {
        expect(codeOf(error)).toBe('HUB_STORE_UNREACHABLE');
      }
    }
  };

  /** Four senders at once; `steps` are done when so many frames are there, while the others go on. */
  const traffic = async (frames: number, steps: ReadonlyMap<number, () => Promise<void>>): Promise<void> => {
    let begun = 0;
    const done: Promise<void>[] = [];
    const send = async (): Promise<void> => {
      while (begun < frames) {
        const number = (begun += 1);
        const step = steps.get(number);
        if (step !== undefined) done.push(step());
        const text = `frame ${(count += 1)}`;
        const told = await deliver(mail({ frame: Buffer.from(text), bounds: wide }), number);
        expect(told).toMatchObject({ kind: 'stored' });
        confirmed.add(text);
      }
    };
    await Promise.all([send(), send(), send(), send()]);
    await Promise.all(done);
  };

  /** Everything that waits, as one store knows it. */
  const readAll = async (store: HubStore): Promise<string[]> => {
    const { items, more } = await store.mailboxes.read(bob, { after: 0, frames: 1e6, bytes: 1e9 });
    expect(more).toBe(false);
    return items.map(({ frame }) => Buffer.from(frame).toString());
  };

  const expectAll = async (): Promise<void> => {
    for (const store of stores) {
      const found = await readAll(store);
      expect(new Set(found)).toEqual(confirmed);
      expect(found).toHaveLength(confirmed.size);
    }
  };

  const leader = async (): Promise<NatsServer> => {
    const [first = fail()] = servers;
    const leaders = await Promise.all([0, 1, 2, 3].map((shard) => first.leaderOf(`${prefix}_mail_${shard}`)));
    // Rather one that no hub is connected to.
    const name = leaders.find((one) => one !== first.name) ?? first.name;
    return servers.find((server) => server.name === name) ?? fail();
  };

  it('loses and doubles nothing when a leader is killed and comes back', async () => {
    const victim = await leader();
    const steps = new Map([
      [100, () => victim.end('SIGKILL')],
      [250, () => victim.run()],
    ]);
    await traffic(400, steps);
    await expectAll();
  }, 120_000);

  it('loses and doubles nothing when the server that a hub is connected to is cut off for a while', async () => {
    const [victim] = servers;
    const steps = new Map([
      [100, async () => victim?.signal('SIGSTOP')],
      [250, async () => victim?.signal('SIGCONT')],
    ]);
    await traffic(400, steps);
    await expectAll();
  }, 120_000);

  it('loses and doubles nothing when all are killed at once and come back', async () => {
    const steps = new Map([
      [
        100,
        async () => {
          await Promise.all(servers.map((server) => server.end('SIGKILL')));
          await Promise.all(servers.map((server) => server.run()));
        },
      ],
    ]);
    await traffic(300, steps);
    await expectAll();
  }, 120_000);

  it('fails with a code that says so while there is no majority, and goes on when there is one again', async () => {
    const urls = servers.map(({ url }) => url).join(',');
    const store = await openedHasty(urls);
    const [, second, third] = servers;
    await Promise.all([second?.end('SIGKILL'), third?.end('SIGKILL')]);
    const lost = mail({ frame: Buffer.from('unanswered'), bounds: wide });
    await expect(store.mailboxes.append([lost])).rejects.toMatchObject({
      code: 'HUB_STORE_UNREACHABLE',
      retryable: true,
    });
    await store.close();
    await Promise.all([second?.run(), third?.run()]);
    expect(await deliver(lost, 0)).toMatchObject({ kind: 'stored' });
    confirmed.add('unanswered');
    await expectAll();
    expect(await stores[1]?.agents.find(bob)).toMatchObject({ name: 'bob' });
  }, 120_000);
});

/** A store that soon gives up; as soon as the cluster, which may look for leaders yet, lets it open. */
async function openedHasty(urls: string): Promise<HubStore> {
  const ports = { clock: systemClock, random: systemRandom, retryMs: 1000 };
  for (;;) {
    try {
      return (await openNatsHubStore({ ...ports, urls, prefix })).store;
    } catch (error) {
      if (codeOf(error) !== 'HUB_STORE_UNREACHABLE') throw error;
    }
  }
}

function fail(): never {
  throw new Error('No server leads the stream');
}
