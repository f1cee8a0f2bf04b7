import { afterEach, beforeAll, afterAll, describe, expect, it } from 'vitest';
import { systemClock, systemRandom } from '#kernel';
import type { HubStore } from '#hub';
import {
  alice,
  append,
  bob,
  bounds,
  carol,
  dora,
  mail,
  now,
  page,
  registration,
  withMembers,
} from '../../../test/contracts/hub-store/harness.ts';
import { failure } from '../../../test/support/failure.ts';
import { hasNatsServer, NatsServer } from '../../../test/support/nats-server.ts';
import { type NatsHubStore, openNatsHubStore } from './hub-store.ts';

const wide = { ...bounds, maxFrames: 10_000, maxBytes: 1e8, maxFramesPerSender: 10_000, maxBytesPerSender: 1e8 };

/** Two processes of one hub, as far as JetStream can tell them apart: each has a connection and a memory of its own. */
function twoProcesses(start: () => Promise<readonly NatsServer[]>): void {
  let servers: readonly NatsServer[] = [];
  let count = 0;
  const opened: HubStore[] = [];

  beforeAll(async () => {
    servers = await start();
  });
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((store) => store.close()));
  });
  afterAll(async () => {
    await Promise.all(servers.map((server) => server[Symbol.asyncDispose]()));
  });

  const openOn = async (server: NatsServer | undefined, prefix: string): Promise<NatsHubStore> => {
    const one = await openNatsHubStore({ clock: systemClock, random: systemRandom, urls: server?.url ?? '', prefix });
    opened.push(one.store);
    return one;
  };
  const openTwo = async (): Promise<[NatsHubStore, NatsHubStore]> => {
    const prefix = `two${(count += 1)}`;
    const first = await openOn(servers[0], prefix);
    return [first, await openOn(servers.at(-1), prefix)];
  };
  const withTwo = async (): Promise<[HubStore, HubStore]> => {
    const [first, second] = await openTwo();
    await withMembers(first.store);
    return [first.store, second.store];
  };

  it('take frames for the same mailbox at the same time: each once, and both read the same', async () => {
    const [first, second] = await withTwo();
    const mails = Array.from({ length: 200 }, (_, number) => mail({ frame: Uint8Array.of(number), bounds: wide }));
    // Half of the frames come by both, as after a lost link.
    const sent = mails.flatMap((one, number) => [
      append(number % 2 === 0 ? first : second, one),
      ...(number % 4 < 2 ? [append(number % 2 === 0 ? second : first, one)] : []),
    ]);
    const told = await Promise.all(sent);
    expect(told.filter((one) => one.kind === 'stored' && one.isNew)).toHaveLength(200);
    expect(told.filter((one) => one.kind === 'stored')).toHaveLength(300);
    const read = await first.mailboxes.read(bob, { ...page, frames: 1000 });
    expect(new Set(read.items.map(({ frame }) => frame[0])).size).toBe(200);
    expect(read.items).toHaveLength(200);
    expect((await second.mailboxes.read(bob, { ...page, frames: 1000 })).items).toEqual(read.items);
  });

  it('keep to the bounds of a mailbox together', async () => {
    const [first, second] = await withTwo();
    const few = { ...wide, maxFrames: 10 };
    const sent = Array.from({ length: 20 }, (_, number) =>
      append(number % 2 === 0 ? first : second, mail({ bounds: few })),
    );
    const stored = (await Promise.all(sent)).filter(({ kind }) => kind === 'stored');
    expect(stored).toHaveLength(10);
    expect((await first.totals()).frames).toBe(10);
  });

  it('know what the other removed: its room, and that its frames may come again', async () => {
    const [first, second] = await withTwo();
    const few = { ...wide, maxFrames: 2 };
    const once = mail({ bounds: few });
    await append(first, once);
    await append(second, mail({ bounds: few }));
    expect((await append(first, mail({ bounds: few }))).kind).toBe('full');
    const { items, epoch } = await second.mailboxes.read(bob, page);
    expect(await second.mailboxes.ack(bob, { epoch, upTo: items.at(-1)?.cursor ?? 0 })).toBe(2);
    expect(await append(first, mail({ bounds: few }))).toMatchObject({ kind: 'stored', isNew: true });
    expect(await append(first, { ...once, bounds: wide })).toMatchObject({ isNew: true });
    expect((await first.mailboxes.read(bob, page)).items).toHaveLength(2);
  });

  it('serve an agent in turn: the places of one are places of the other', async () => {
    const [first, second] = await withTwo();
    for (let sent = 0; sent < 3; sent += 1) await append(first, mail());
    const { items, epoch } = await first.mailboxes.read(bob, page);
    const place = { epoch, after: items[0]?.cursor ?? 0 };
    const rest = await second.mailboxes.read(bob, { ...page, ...place });
    expect([rest.after, rest.items]).toEqual([place.after, items.slice(1)]);
    expect(await second.mailboxes.ack(bob, { epoch, upTo: items[1]?.cursor ?? 0 })).toBe(2);
    expect((await first.mailboxes.read(bob, { ...page, epoch, after: items[1]?.cursor ?? 0 })).items).toHaveLength(1);
  });

  it('tell each other that a frame came', async () => {
    const [first, second] = await withTwo();
    const came = Promise.withResolvers<string>();
    second.mailboxes.onArrival?.(came.resolve);
    await append(first, mail());
    expect(await came.promise).toBe(bob);
  });

  it('give a name to one agent, an invite to one, and let no more in than there may be', async () => {
    const [first, second] = await withTwo();
    const hash = new Uint8Array(32).fill(4);
    await first.invites.create({ hash, note: '', createdAt: now, expiresAt: now + 1000 });
    const asked = { isAdmitted: false, invite: hash };
    const ends = await Promise.allSettled([
      first.agents.register(registration(carol, 'carol', asked)),
      second.agents.register(registration(dora, 'dora', asked)),
    ]);
    expect(ends.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    const names = await Promise.allSettled([
      first.agents.register(registration(carol, 'one')),
      second.agents.register(registration(dora, 'one')),
    ]);
    expect(names.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    const holder = (await first.agents.find(carol))?.name === 'one' ? carol : dora;
    expect((await second.agents.find(holder))?.name).toBe('one');
  });

  it('know at once who registered, who was evicted and who has another key', async () => {
    const [first, second] = await withTwo();
    expect((await second.agents.find(bob))?.name).toBe('bob');
    await second.agents.move(bob, carol);
    expect(await append(first, mail())).toMatchObject({ kind: 'stored', owner: carol });
    await first.agents.evict(carol);
    expect((await failure(second.keyPackages.take(dora))).code).toBe('UNKNOWN_AGENT');
    expect(await second.agents.evict(carol)).toBe(false);
  });

  it('join two mailboxes while frames come for both', async () => {
    const [first, second] = await withTwo();
    await first.agents.register(registration(carol, 'carol'));
    const mails = Array.from({ length: 40 }, (_, number) =>
      mail({ to: number % 2 === 0 ? bob : carol, frame: Uint8Array.of(number), bounds: wide }),
    );
    const sent = mails.map((one, number) => append(number % 4 < 2 ? first : second, one));
    const [moved] = await Promise.all([first.agents.move(bob, carol), ...sent]);
    expect(moved).toBe(true);
    const { items } = await second.mailboxes.read(carol, page);
    expect(new Set(items.map(({ frame }) => frame[0])).size).toBe(40);
    expect(items).toHaveLength(40);
  });

  it('append one entry for an epoch of a room', async () => {
    const [first, second] = await withTwo();
    const room = new Uint8Array(32).fill(9);
    const roomBounds = { maxRoomsPerAgent: 9, maxEntries: 1000, maxBytes: 1e6 };
    const roster = { members: [alice, bob], owners: [alice] };
    await first.rooms.create({ room, by: alice, roster, at: now, bounds: roomBounds });
    for (let epoch = 0; epoch < 30; epoch += 1) {
      const entry = { room, epoch, at: now, bounds: roomBounds };
      const ends = await Promise.all([
        first.rooms.append({ ...entry, from: alice, bytes: Uint8Array.of(1, epoch) }),
        second.rooms.append({ ...entry, from: bob, bytes: Uint8Array.of(2, epoch) }),
      ]);
      expect(ends.map(({ kind }) => kind).toSorted()).toEqual(['appended', 'taken']);
      expect(ends.map(({ seq }) => seq)).toEqual([epoch + 1, epoch + 1]);
    }
    const read = { room, by: bob, after: 0, limit: 100, maxBytes: 1e6 };
    expect(await first.rooms.read(read)).toEqual(await second.rooms.read(read));
    expect((await first.rooms.read(read)).entries.map(({ seq }) => seq)).toHaveLength(30);
  });

  it('hand out a key package once, however often the log of them begins anew', async () => {
    const [first, second] = await withTwo();
    const taken: (number | undefined)[] = [];
    for (let round = 0; round < 5; round += 1) {
      const packages = Array.from({ length: 50 }, (_, number) => Uint8Array.of(round, number));
      expect(await first.keyPackages.put(bob, { packages, max: 100 })).toBe(50);
      const got = await Promise.all(packages.map((_, n) => (n % 2 === 0 ? first : second).keyPackages.take(bob)));
      taken.push(...got.map((bytes) => bytes && (bytes[0] ?? 0) * 100 + (bytes[1] ?? 0)));
      expect(await second.keyPackages.put(bob, { packages, max: 100 })).toBe(0);
    }
    expect(new Set(taken).size).toBe(250);
    expect(await first.keyPackages.take(bob)).toBeUndefined();
  });

  it('write and read the same blob', async () => {
    const [first, second] = await openTwo();
    const name = 'ab'.repeat(16);
    const [one, other] = [await first.files.create(name), await second.files.create(name)];
    const bytes = Uint8Array.from({ length: 300 }, (_, index) => index % 251);
    await Promise.all([one.write(0, [bytes.subarray(0, 100)]), other.write(0, [bytes.subarray(0, 100)])]);
    await other.write(100, [bytes.subarray(100, 150), bytes.subarray(150, 200)]);
    await one.write(200, [bytes.subarray(200)]);
    const found = await second.files.open(name);
    expect(await found?.size()).toBe(300);
    const [head, tail] = [new Uint8Array(120), new Uint8Array(100)];
    expect(await found?.read(50, [head, tail])).toBe(220);
    expect([...head, ...tail]).toEqual([...bytes.subarray(50, 270)]);
    expect(await found?.read(290, [new Uint8Array(50)])).toBe(10);
    expect(await first.files.list()).toEqual([name]);
    await first.files.remove(name);
    expect(await second.files.open(name)).toBeUndefined();
  });
}

describe.runIf(hasNatsServer)('two processes of a hub on one server', () => {
  twoProcesses(async () => [await NatsServer.start()]);
});

describe.runIf(hasNatsServer)('two processes of a hub on a cluster', () => {
  twoProcesses(() => NatsServer.startCluster());
});
