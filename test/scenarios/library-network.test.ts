import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { codeOf, systemClock } from '#kernel';
import { fetchDiscovery } from '#discovery';
import { Agent, HubServer, type HubServerOptions, NetworkHub } from '../../src/index.ts';
import { LibraryWorld, messages, tookStep, when } from '../support/library-agents.ts';
import { ownPorts } from '../support/own-ports.ts';

let world = new LibraryWorld();
beforeEach(() => {
  world = new LibraryWorld();
});
afterEach(() => world[Symbol.asyncDispose]());

const host = '127.0.0.1';
const serve = (options: HubServerOptions = {}): Promise<HubServer> =>
  world.keep(new HubServer({ host, port: 0, ...options })).start();
const hubAt = ({ port }: HubServer): NetworkHub => new NetworkHub({ host, port });

describe('agents at a HubServer', () => {
  test('1.13: agents that only call out talk through it, each to whom its program named', async () => {
    const server = await serve();
    const [alice, bob] = [world.agent('alice', { hub: hubAt(server) }), world.agent('bob', { hub: hubAt(server) })];
    await Promise.all([alice.ready(), bob.ready()]);
    expect([alice.endpoints, bob.endpoints]).toEqual([[], []]);
    expect(await server.listAgents()).toEqual(['alice', 'bob']);
    await Promise.all([alice.connect('bob'), bob.connect('alice')]);
    bob.onMessage(({ text }) => `heard: ${text}`);
    const { answer } = await alice.ask('bob', 'across machines?');
    expect(answer.body).toBe('heard: across machines?');
    expect(server.messageCount()).toBeGreaterThan(0);
  });

  test('1.13: the standard port is 7700, on both sides', () => {
    expect(new NetworkHub({ host: 'hub.example' }).url).toBe('http://hub.example:7700');
    expect(new NetworkHub({ host: '::1', port: 7701 }).url).toBe('http://[::1]:7701');
    expect(new NetworkHub({ url: 'https://hub.example/' }).url).toBe('https://hub.example');
  });

  test('1.14: what agents say crosses the hub sealed, in a protocol that its discovery document names', async () => {
    const server = await serve({ name: 'office' });
    const { hub, versions } = await fetchDiscovery(server.url, { clock: systemClock, timeoutMs: 5000 });
    expect(hub).toMatchObject({ name: 'office', admission: 'open' });
    expect(versions).toContain(3);
    const folder = world.folder();
    const other = await serve({ name: 'disk', stateDir: join(folder, 'hub') });
    const [alice, bob] = [world.agent('alice', { hub: hubAt(other) }), world.agent('bob', { hub: hubAt(other) })];
    await Promise.all([alice.connect('bob'), bob.connect('alice')]);
    await bob.close();
    const { id } = await alice.send('bob', { text: 'the secret sentence', note: 'the secret field' });
    await tookStep(alice, id, 'stored');
    await other.close();
    const files = readdirSync(join(folder, 'hub')).filter((name) => name.startsWith('hub.db'));
    const bytes = files.map((name) => readFileSync(join(folder, 'hub', name), 'latin1')).join('');
    // The control: names of members are there to be read.
    expect(bytes).toContain('alice');
    expect(bytes).not.toContain('the secret');
  });

  test('the key of the hub is pinned at the first visit: another hub at the address is not spoken to', async () => {
    const stateDir = join(world.folder(), 'alice');
    const [port = 0] = await ownPorts(1);
    const server = await serve({ port });
    const alice = world.agent('alice', { hub: hubAt(server), stateDir });
    await alice.ready();
    await alice.close();
    await server.close();
    const impostor = await serve({ port });
    const again = world.agent('alice', { hub: hubAt(impostor), stateDir });
    await expect(again.ready()).rejects.toMatchObject({
      code: 'HANDSHAKE_FAILED',
      message: expect.stringContaining('Authentication failed'),
    });
    expect(await impostor.listAgents()).toEqual([]);
    const fresh = world.agent('alice', { hub: hubAt(impostor) });
    await fresh.ready();
    expect(await impostor.listAgents()).toEqual(['alice']);
  });

  test('an agent that knows its hub starts while the hub is away, and sends what it was given when the hub is back', async () => {
    const dir = world.folder();
    const at = (name: string): string => join(dir, name);
    const [port = 0] = await ownPorts(1);
    const server = await serve({ port, stateDir: at('hub') });
    const bob = world.agent('bob', { hub: hubAt(server) });
    const alice = world.agent('alice', { hub: hubAt(server), stateDir: at('alice') });
    await Promise.all([alice.connect('bob'), bob.connect('alice')]);
    await alice.close();
    await server.close();
    const again = world.agent('alice', { hub: new NetworkHub({ host, port }), stateDir: at('alice') });
    const came = messages(bob);
    await again.send('bob', 'as soon as there is a way');
    expect((await again.status()).hubs).toEqual([{ name: 'hub', state: 'down' }]);
    await world.keep(new HubServer({ host, port, stateDir: at('hub') })).start();
    expect((await came)[0]).toMatchObject({ sender: 'alice', text: 'as soon as there is a way' });
    await when(again, async () => (await again.status()).hubs[0]?.state === 'up');
  });

  test('an invite admits one agent to a hub that admits nobody else', async () => {
    const server = await serve({ admission: 'invite' });
    const invite = await server.invite({ note: 'for alice' });
    const alice = world.agent('alice', { hub: new NetworkHub({ invite }) });
    await alice.ready();
    const mallory = world.agent('mallory', { hub: hubAt(server) });
    expect(await mallory.ready().catch(codeOf)).toBe('NOT_ADMITTED');
    const again = world.agent('mallory', { hub: new NetworkHub({ invite }) });
    expect(await again.ready().catch(codeOf)).toBe('INVITE_USED');
    expect(await server.listAgents()).toEqual(['alice']);
  });

  test('an agent of an address of its own and one of a hub become peers by an invite', async () => {
    const server = await serve();
    const alice = world.agent('alice', { hub: hubAt(server) });
    const bob = world.keep(await Agent.open({ name: 'bob', stateDir: join(world.folder(), 'bob') }));
    await bob.join((await alice.invite()).invite);
    bob.onMessage(() => 'yes');
    expect((await alice.ask('bob', 'there?')).answer.body).toBe('yes');
  });
});
