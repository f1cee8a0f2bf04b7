import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { systemClock, systemRandom } from '#kernel';
import {
  alice,
  append,
  bob,
  bounds,
  carol,
  mail,
  page,
  registration,
  withMembers,
} from '../../../test/contracts/hub-store/harness.ts';
import { failure } from '../../../test/support/failure.ts';
import { hasNatsServer, NatsServer } from '../../../test/support/nats-server.ts';
import { connectionOf, openNatsHubStore } from './hub-store.ts';
import { checkServer, hasEqualReplicas, layoutOf } from './layout.ts';

/** What throws, as what rejects. */
const calling = async (work: () => unknown): Promise<unknown> => work();
const wide = { ...bounds, maxFrames: 1e6, maxBytes: 1e9, maxFramesPerSender: 1e6, maxBytesPerSender: 1e9 };
const ports = { clock: systemClock, random: systemRandom };

const server = { version: '2.9.10', jetstream: true, max_payload: 1_048_576 };

describe('the servers of a hub', () => {
  it.each(['2.9.10', '2.9.11', '2.10.0', '2.12.1-dev', '10.0.0'])('of version %s will do', (version) => {
    expect(() => checkServer({ ...server, version })).not.toThrow();
  });

  it.each(['2.9.9', '2.8.4', '1.99.99', '', 'unknown'])('of version %j are refused', async (version) => {
    const refused = await failure(calling(() => checkServer({ ...server, version })));
    expect([refused.code, refused.hint]).toEqual(['HUB_STORE_UNSUITABLE', expect.stringContaining('2.9.10')]);
  });

  it.each([
    ['2.9.10', false],
    ['2.10.22', false],
    ['2.10.23', true],
    ['2.11.0', true],
    ['', false],
  ])('of version %j keep replicas alike: %s', (version, isAlike) => {
    expect(hasEqualReplicas(version)).toBe(isAlike);
  });

  it('are refused without JetStream', async () => {
    expect((await failure(calling(() => checkServer({ ...server, jetstream: false })))).code).toBe(
      'HUB_STORE_UNSUITABLE',
    );
  });

  it('are refused when an entry of a room would not fit into a message', async () => {
    const refused = await failure(calling(() => checkServer({ ...server, max_payload: 65_536 })));
    expect([refused.code, refused.message]).toEqual(['HUB_STORE_UNSUITABLE', expect.stringContaining('65536')]);
  });

  it('are named by one line', async () => {
    expect(connectionOf('nats://a:4222,nats://b:4223')).toEqual({
      servers: ['nats://a:4222', 'nats://b:4223'],
      path: '',
    });
    const whole = { servers: ['tls://a:4222', 'nats://b'], user: 'me', pass: 'a b', path: 'team' };
    expect(connectionOf('tls://me:a%20b@a:4222/team, nats://b')).toEqual(whole);
    expect(connectionOf('nats://secret@a:1')).toEqual({ servers: ['nats://a:1'], token: 'secret', path: '' });
    for (const wrong of ['', 'a:4222', 'http://a', 'nats://'])
      expect((await failure(calling(() => connectionOf(wrong)))).code).toBe('INVALID_ARGUMENT');
    expect((await failure(calling(() => layoutOf('a.b')))).code).toBe('INVALID_ARGUMENT');
  });

  it('are named in the error when none answers', async () => {
    // Nobody may listen on port 1.
    const refused = await failure(openNatsHubStore({ ...ports, urls: 'nats://127.0.0.1:1' }));
    expect([refused.code, refused.message]).toEqual(['HUB_STORE_UNREACHABLE', expect.stringContaining('127.0.0.1:1')]);
  });
});

describe('a process that uses no NATS', () => {
  it('does not load its client', () => {
    const script = `await import('#storage'); await import('#hub');
      const { createRequire } = await import('node:module');
      process.stdout.write(String(Object.keys(createRequire(import.meta.url).cache).filter((path) => path.includes('@nats-io')).length));`;
    const words = ['--conditions=source', '--input-type=module', '-e'];
    const count = (text: string): string => spawnSync(process.execPath, [...words, text], { encoding: 'utf8' }).stdout;
    expect(count(script)).toBe('0');
    expect(count(`await import('@nats-io/jetstream'); ${script}`)).not.toBe('0');
  });
});

describe.runIf(hasNatsServer)('a hub on a NATS server', () => {
  it('does not use what belongs to another, unless under another name', async () => {
    await using server = await NatsServer.start();
    const open = async (hub: typeof alice, path = '') =>
      (await openNatsHubStore({ ...ports, urls: `${server.url}${path}`, hub })).store;
    const first = await open(alice);
    expect((await failure(open(bob))).code).toBe('HUB_STORE_UNSUITABLE');
    const [again, other] = [await open(alice), await open(bob, '/other')];
    await withMembers(first);
    expect([(await again.totals()).agents, (await other.totals()).agents]).toEqual([2, 0]);
    await Promise.all([first, again, other].map((store) => store.close()));
  });

  it('keeps the frames of its members when it is killed, its server too', async () => {
    await using server = await NatsServer.start();
    const { store } = await openNatsHubStore({ ...ports, urls: server.url });
    await withMembers(store);
    const mails = Array.from({ length: 100 }, () => mail({ bounds: wide }));
    const told = await Promise.all(mails.map((one) => append(store, one)));
    expect(told.every((one) => one.kind === 'stored' && one.isNew)).toBe(true);
    await server.end('SIGKILL');
    await server.run();
    expect((await store.mailboxes.read(bob, { after: 0, frames: 1000, bytes: 1e6 })).items.length).toBe(100);
    await store.close();
  });

  it('notices when its server comes back without what it had confirmed last', async () => {
    await using server = await NatsServer.start();
    const { store } = await openNatsHubStore({ ...ports, urls: server.url });
    await withMembers(store);
    await append(store, mail());
    const copy = await server.copy();
    const lost = mail();
    for (const one of [lost, mail(), mail()]) await append(store, one);
    const { items, epoch } = await store.mailboxes.read(bob, page);
    await store.agents.register(registration(carol, 'carol'));
    await server.goBackTo(copy);
    // It comes again, as its sender has no receipt of the recipient, and has the place of a frame that was lost.
    expect(await append(store, lost)).toMatchObject({ isNew: true });
    const place = { epoch, after: items[1]?.cursor ?? 0 };
    const read = await store.mailboxes.read(bob, { ...page, ...place });
    expect([read.after, read.items.length]).toEqual([0, 2]);
    expect(await store.mailboxes.ack(bob, { epoch, upTo: place.after })).toBe(0);
    expect(read.epoch).not.toEqual(epoch);
    expect(await store.agents.find(carol)).toBeUndefined();
    await store.close();
  });
});
