import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { join } from 'node:path';
import { MeshHome } from '../support/mesh-process.ts';
import { ownPorts } from '../support/own-ports.ts';

let home: MeshHome;
beforeEach(() => {
  home = new MeshHome('mesh-relay');
});
afterEach(() => home[Symbol.asyncDispose]());

/** As a person at three machines, of which only that of rita can be called. */
const at = (name: string): readonly string[] => ['--state-dir', join(home.dir, name)];

async function up(name: string, ...more: readonly string[]) {
  const running = home.start(['up', '--host', '127.0.0.1', '--api-port', '0', '--json', ...at(name), ...more]);
  await running.output(/^\}/m);
  return { running };
}

/** Nobody can call it. */
const behindNat = ['--port', '0', '--endpoint', 'http://127.0.0.1:9'];

const run = (name: string, ...args: readonly string[]) => home.json([...args, ...at(name)]);

async function befriend(inviter: string, joiner: string): Promise<void> {
  const { invite } = (await run(inviter, 'invite', '--tier', 'trusted')) as { invite: string };
  await run(joiner, 'join', invite, '--tier', 'trusted');
}

describe('mesh up --relay', () => {
  it('keeps messages of friends over a kill of its process, and says what it keeps', async () => {
    for (const name of ['rita', 'alice', 'bob']) await run(name, 'init', '--name', name);
    const [port = 0] = await ownPorts(1);
    const asRelay = ['--relay', '--port', String(port)];
    const rita = await up('rita', ...asRelay);
    const alice = await up('alice', ...behindNat);
    const bob = await up('bob', ...behindNat);
    await befriend('rita', 'alice');
    await befriend('rita', 'bob');
    for (const name of ['alice', 'bob']) {
      expect(await run(name, 'hub-join', 'rita', '--relay')).toMatchObject({ relayOf: 'rita', state: 'up' });
    }
    await befriend('alice', 'bob');
    await bob.running.end('SIGTERM');
    const { id } = (await run('alice', 'send', 'bob', 'while you were away')) as { id: string };
    const track = home.start(['track', id, '--follow', '--until', 'stored', ...at('alice')]);
    expect(await track.ended).toMatchObject({ code: 0 });
    const { stdout } = await home.run(['status', ...at('rita')]);
    expect(stdout).toMatch(/relay +keeps messages for 2 agents: \d+ frames? waiting, /);
    await rita.running.end('SIGKILL');
    const again = await up('rita', ...asRelay);
    const back = await up('bob', ...behindNat);
    const inbox = home.start(['inbox', '--follow', ...at('bob')]);
    await inbox.output(/while you were away/);
    // It comes back to the relay at a moment of its own.
    for (let shown = ''; !/bob +relay http:\/\/127\.0\.0\.1:\d+ +in use/.test(shown);) {
      shown = (await home.run(['routes', ...at('alice')])).stdout;
    }
    for (const { running } of [alice, back, again]) expect(await running.end('SIGTERM')).toMatchObject({ code: 0 });
  });
});
