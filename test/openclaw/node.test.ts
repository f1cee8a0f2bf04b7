import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MeshHome } from '../support/mesh-process.ts';
import { Gateway, hasOpenclaw } from './gateway.ts';
import { ReverseProxy } from './reverse-proxy.ts';
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

  const setUp = async (name: string, url: string) => {
    await run(name, 'init', '--name', name);
    writeFileSync(join(home.dir, name, 'gateway-token'), gateway.token, { mode: 0o600 });
    const settings = ['runtime = "openclaw"', `url = "${url}"`, 'tokenFile = "gateway-token"'];
    writeFileSync(join(home.dir, name, 'mesh.toml'), [`[agents.${name}]`, ...settings, ''].join('\n'));
  };

  beforeAll(async () => {
    home = new MeshHome('mesh-openclaw');
    model = await StubModel.start();
    gateway = await Gateway.start('bob', model);
    await run('alice', 'init', '--name', 'alice');
    await setUp('bob', gateway.url);
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
    const first = await run('alice', 'ask', 'bob', 'how are you?', '--tokens', '100', '--timeout', '90s');
    // The stub says that it used 15 of them.
    expect(first).toMatchObject({ answer: { body: 'echo: how are you?', budget: { tokens: 85 } } });
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

  it('waits until the owner of the gateway lets its node in, says how, and loses no attempt', async () => {
    await using proxy = await ReverseProxy.start(gateway.port);
    await setUp('carol', proxy.url);
    const alice = await up('alice');
    const carol = await up('carol');
    const { invite } = (await run('carol', 'invite', '--tier', 'trusted')) as { invite: string };
    await run('alice', 'join', invite, '--tier', 'trusted');
    const asking = home.start(['ask', 'carol', 'may I?', '--timeout', '120s', '--json', ...at('alice')]);
    await carol.notes(/openclaw devices approve/);
    const { warnings } = (await run('carol', 'status')) as { warnings: { code: string; hint: string }[] };
    const { hint = '' } = warnings.find(({ code }) => code === 'GATEWAY_DENIED') ?? {};
    const [, id = ''] = /openclaw devices approve (\S+)$/.exec(hint) ?? [];
    const { stdout: doctor } = await home.run(['doctor', '--json', ...at('carol')]);
    const found: unknown = expect.objectContaining({ check: 'runtime', fix: hint });
    expect(JSON.parse(doctor)).toMatchObject({ findings: expect.arrayContaining([found]) });
    await gateway.openclaw('devices', 'approve', id);
    const { stdout } = await asking.ended;
    expect(JSON.parse(stdout)).toMatchObject({ answer: { body: 'echo: may I?' } });
    const { messages } = (await run('carol', 'inbox')) as { messages: { attempts: number }[] };
    expect(messages).toMatchObject([{ attempts: 1 }]);
    expect(await run('carol', 'status')).toMatchObject({ warnings: [] });
    expect(statSync(join(home.dir, 'carol', 'openclaw_device.pem')).mode & 0o777).toBe(0o600);
    for (const node of [alice, carol]) expect(await node.end('SIGTERM')).toMatchObject({ code: 0 });
  }, 180_000);
});
