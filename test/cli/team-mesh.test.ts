import { afterEach, describe, expect, it } from 'vitest';
import { FakeGateway } from '../support/fake-gateway.ts';
import { MeshPerson } from '../support/mesh-person.ts';
import { TeamHome } from './team-home.ts';

const open: AsyncDisposable[] = [];
afterEach(async () => {
  for (const one of open.splice(0).toReversed()) await one[Symbol.asyncDispose]();
});

async function kept<T>(one: Promise<T & AsyncDisposable>): Promise<T> {
  const made = await one;
  open.push(made);
  return made;
}

/** Answers each message with what it is told. */
const answering = [
  '[agents.bob]',
  'runtime = "command"',
  `command = ["${process.execPath}", "-e", "process.stdin.on('data', (d) => console.log('Bob heard ' + JSON.parse(d).payload.body))"]`,
].join('\n');

describe('teammates with a node', () => {
  it('are asked over the mesh, beside those with a gateway; without their node over their gateway', async () => {
    const bob = await kept(MeshPerson.atWork('bob', answering));
    const alice = await kept(MeshPerson.atWork('alice'));
    const { invite } = await bob.ask('invite', '--tier', 'trusted');
    await alice.ask('join', String(invite));
    const { agentId } = await bob.ask('whoami');
    const [ofBob, ofCarol] = [await kept(FakeGateway.start()), await kept(FakeGateway.start())];
    const home = new TeamHome(alice);
    const entry = { mesh: agentId, ip: '127.0.0.1', port: ofBob.port, token: ofBob.token };
    home.team({ Bob: entry, Carol: ofCarol });

    const sent = await home.run('send', '--to', 'bob', '--message', 'hello');
    expect(sent).toMatchObject({ code: 0, stdout: 'Bob heard hello\n' });
    expect(home.seen(sent)).toContain('Bob answered in N ms, over the mesh.');
    expect(await home.json('ping', '--to', 'bob')).toMatchObject({ data: { online: true, way: 'mesh' } });
    expect(await home.json('list')).toMatchObject({
      data: { teammates: [{ self: true }, { way: 'mesh', online: true }, { way: 'gateway', online: true }] },
    });
    expect(await home.json('broadcast', '--message', 'hi')).toMatchObject({
      code: 0,
      data: {
        deliveries: [
          { way: 'mesh', reply: 'Bob heard hi' },
          { way: 'gateway', reply: 'echo: hi' },
        ],
      },
    });
    const dry = await home.json('send', '--to', 'bob', '--message', 'hi', '--dry-run');
    expect(dry).toMatchObject({ data: { to: { ways: ['mesh', 'gateway'], mesh: agentId }, texts: { mesh: 'hi' } } });
    expect(ofBob.connections).toBe(0);

    // The emergency stop holds for programs on every way; nothing of it is a terminal here.
    await alice.say('pause', '--reason', 'dinner');
    for (const words of [
      ['send', '--to', 'carol', '--message', 'hi'],
      ['broadcast', '--message', 'hi'],
    ])
      expect((await home.run(...words)).stderr).toContain('error[PAUSED]');
    expect(await home.json('send', '--to', 'carol', '--message', 'hi', '--dry-run')).toMatchObject({ code: 0 });
    await alice.say('resume');

    await bob.say('down');
    expect(await home.json('send', '--to', 'bob', '--message', 'hello')).toMatchObject({
      code: 0,
      data: { way: 'gateway', reply: 'echo: hello' },
    });
    home.team({ Bob: { mesh: agentId } });
    const away = await home.run('send', '--to', 'bob', '--message', 'hello');
    expect(away.code).toBe(4);
    expect(away.stderr).toContain('error[UNREACHABLE]: No way of the mesh leads to Bob now');
    expect(away.stderr).toMatch(/hint: A message that waits until there is one: mesh send --state-dir \S+ bob/);

    // Without a node here nothing else changes.
    await alice.say('down');
    home.team({ Bob: entry });
    expect(await home.json('send', '--to', 'bob', '--message', 'hello')).toMatchObject({ data: { way: 'gateway' } });
    home.team({ Bob: { mesh: agentId } });
    expect(home.seen(await home.run('send', '--to', 'bob', '--message', 'hello'))).toContain(
      'error[NODE_NOT_RUNNING]: Bob is reached over the mesh, and no node runs here\nhint: Start it: mesh up --state-dir',
    );
  });
});
