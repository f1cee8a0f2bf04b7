import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MeshHome } from '../support/mesh-process.ts';
import { Gateway, hasOpenclaw } from './gateway.ts';
import { StubModel } from './stub-model.ts';

describe.runIf(hasOpenclaw)('an agent of a gateway, as peers meet it', () => {
  let home: MeshHome;
  let model: StubModel;
  let gateway: Gateway;

  const at = (name: string): readonly string[] => ['--state-dir', join(home.dir, name)];
  const run = (name: string, ...args: readonly string[]) => home.json([...args, ...at(name)]);

  const up = async (name: string) => {
    const words = ['up', '--host', '127.0.0.1', '--port', '0', '--api-port', '0', '--json', ...at(name)];
    const running = home.start(words);
    await running.output(/^\}/m);
    return running;
  };

  beforeAll(async () => {
    home = new MeshHome('mesh-openclaw');
    model = await StubModel.start();
    gateway = await Gateway.start('bob', model);
    for (const name of ['alice', 'bob']) await run(name, 'init', '--name', name);
    writeFileSync(join(home.dir, 'bob', 'gateway-token'), gateway.token, { mode: 0o600 });
    const settings = ['runtime = "openclaw"', `url = "${gateway.url}"`, 'tokenFile = "gateway-token"'];
    writeFileSync(join(home.dir, 'bob', 'mesh.toml'), ['[agents.bob]', ...settings, ''].join('\n'));
  }, 180_000);
  afterAll(async () => {
    await home[Symbol.asyncDispose]();
    await gateway[Symbol.asyncDispose]();
    await model[Symbol.asyncDispose]();
  });

  it('answers questions, and what was asked while the gateway was away when it is back, each once', async () => {
    const alice = await up('alice');
    const bob = await up('bob');
    const { invite } = (await run('bob', 'invite', '--tier', 'trusted')) as { invite: string };
    await run('alice', 'join', invite, '--tier', 'trusted');
    const first = await run('alice', 'ask', 'bob', 'how are you?', '--timeout', '90s');
    expect(first).toMatchObject({ answer: { body: 'echo: how are you?' } });
    await gateway.end('SIGTERM');
    const asking = home.start(['ask', 'bob', 'still there?', '--timeout', '120s', '--json', ...at('alice')]);
    await bob.notes(/not-connected/);
    await gateway.run();
    const { stdout } = await asking.ended;
    expect(JSON.parse(stdout)).toMatchObject({ answer: { body: 'echo: still there?' } });
    expect([model.times('how are you?'), model.times('still there?')]).toEqual([1, 1]);
    expect(await run('bob', 'whoami')).toMatchObject({ runtime: 'openclaw' });
    for (const node of [alice, bob]) expect(await node.end('SIGTERM')).toMatchObject({ code: 0 });
  }, 180_000);
});
