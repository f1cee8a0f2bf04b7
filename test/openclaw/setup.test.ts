import { chmodSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MeshHome } from '../support/mesh-process.ts';
import { Gateway, hasOpenclaw } from './gateway.ts';
import { StubModel } from './stub-model.ts';

/** What a setup writes in a folder, byte for byte, with the rights. */
function snapshot(path: string): Readonly<Record<string, string>> {
  const ours = ['mesh.toml', 'openclaw.json', 'openclaw-setup.json', 'openclaw-token', 'openclaw-hook-token'];
  const names = readdirSync(path).filter((name) => ours.includes(name));
  return Object.fromEntries(
    names.map((name) => [
      name,
      `${statSync(join(path, name)).mode & 0o777} ${readFileSync(join(path, name), 'latin1')}`,
    ]),
  );
}

describe.runIf(hasOpenclaw)('mesh openclaw setup, with a real gateway on this machine', () => {
  let home: MeshHome;
  let model: StubModel;
  let gateway: Gateway;
  let environment: Readonly<Record<string, string>>;

  const at = (name: string): readonly string[] => ['--state-dir', join(home.dir, name)];
  const run = (name: string, ...args: readonly string[]) => home.run([...args, ...at(name)], { environment });
  const json = (name: string, ...args: readonly string[]) => home.json([...args, ...at(name)], { environment });
  const configPath = (): string => join(gateway.dir, 'openclaw.json');
  const both = () => [snapshot(gateway.dir), snapshot(join(home.dir, 'bob'))];

  beforeAll(async () => {
    home = new MeshHome('mesh-setup');
    model = await StubModel.start();
    gateway = await Gateway.start('setup', model, {
      prepare: async ({ dir }) => {
        // As its owner wrote it: with remarks, which stay.
        const path = join(dir, 'openclaw.json');
        writeFileSync(path, `// my gateway\n${readFileSync(path, 'utf8').replace('{', '{ /* here */ ')}\n`);
        chmodSync(path, 0o600);
      },
    });
    environment = { OPENCLAW_CONFIG_PATH: configPath() };
    for (const name of ['alice', 'bob']) await json(name, 'init', '--name', name);
    await json('bob', 'agent', 'add', 'robot');
  }, 180_000);
  afterAll(async () => {
    await home[Symbol.asyncDispose]();
    await gateway[Symbol.asyncDispose]();
    await model[Symbol.asyncDispose]();
  });

  it('shows what it writes and changes nothing before the yes', async () => {
    const before = both();
    const shown = await run('bob', 'openclaw', 'setup', '--dry-run');
    expect(shown.stdout).toContain('runtime = "openclaw"');
    expect(shown.stdout).toContain('OpenClaw 2026.');
    expect(await run('bob', 'openclaw', 'setup')).toMatchObject({ code: 2, stderr: expect.stringContaining('--yes') });
    expect(both()).toEqual(before);
  });

  it('connects it, so that peers get answers, twice is once, and remove leaves everything as it was', async () => {
    const before = both();
    const done = await run('bob', 'openclaw', 'setup', '--yes');
    expect(done).toMatchObject({ code: 0, stdout: expect.stringMatching(/main answered a question in \d+\.\d s/) });
    expect(statSync(join(home.dir, 'bob', 'openclaw-token')).mode & 0o777).toBe(0o600);
    expect(done.stdout + done.stderr).not.toContain(gateway.token);
    const after = both();
    expect(await json('bob', 'openclaw', 'setup', '--yes')).toMatchObject({ isDone: true, writes: [] });
    expect(both()).toEqual(after);
    await expectAnswer('over the WebSocket');
    const removed = await run('bob', 'openclaw', 'remove', '--yes');
    expect(removed.stdout).toContain('as it was before');
    expect(both()).toEqual(before);
    expect(await run('bob', 'openclaw', 'remove', '--yes')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('NOT_FOUND'),
    });
  }, 120_000);

  it('restarts a node that runs when it is told to, where it listened, and the gateway has the messages of its agent then', async () => {
    const before = both();
    const node = await up('bob');
    const { listen, api } = (await json('bob', 'status')) as { readonly listen: object; readonly api: object };
    expect(await json('bob', 'openclaw', 'setup', '--yes', '--restart')).toMatchObject({ restarted: true });
    await node.ended;
    const runtimes = {
      agents: expect.arrayContaining([expect.objectContaining({ name: 'bob', runtime: 'openclaw' })]),
    };
    expect(await json('bob', 'status')).toMatchObject({ running: true, listen, api, ...runtimes });
    await json('bob', 'down');
    await json('bob', 'openclaw', 'remove', '--yes');
    expect(both()).toEqual(before);
  }, 120_000);

  it('does the same over its hooks, which it turns on in openclaw.json', async () => {
    const before = both();
    const done = await run('bob', 'openclaw', 'setup', '--transport', 'hooks', '--yes');
    expect(done).toMatchObject({ code: 0, stdout: expect.stringMatching(/main answered a question in/) });
    const written = readFileSync(configPath(), 'utf8');
    expect(written).toContain('// my gateway');
    const [, token = ''] = /"token": "([0-9a-f]{64})"/.exec(written) ?? [];
    expect(token).not.toBe('');
    expect(done.stdout + done.stderr).not.toContain(token);
    await expectAnswer('over the hooks');
    // A second agent of the node needs nothing more of the gateway, and what it needs stays with it.
    await json('bob', 'openclaw', 'setup', '--transport', 'hooks', '--agent', 'robot', '--yes');
    expect(await run('bob', 'openclaw', 'remove', '--yes')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('AMBIGUOUS'),
    });
    await json('bob', 'openclaw', 'remove', '--agent', 'bob', '--yes');
    expect(readFileSync(configPath(), 'utf8')).toBe(written);
    await json('bob', 'openclaw', 'remove', '--yes');
    expect(both()).toEqual(before);
  }, 120_000);

  it('does the same with the plugin, which the gateway loads while it runs', async () => {
    const before = both();
    expect(await run('bob', 'openclaw', 'setup', '--transport', 'plugin', '--yes')).toMatchObject({
      stderr: expect.stringContaining('NODE_NOT_RUNNING'),
    });
    const node = await up('bob');
    const done = await run('bob', 'openclaw', 'setup', '--transport', 'plugin', '--yes');
    expect(done).toMatchObject({ code: 0, stdout: expect.stringMatching(/main answered a question in/) });
    expect(await json('bob', 'whoami')).toMatchObject({ runtime: 'attached' });
    expect(JSON.stringify(await json('bob', 'peers', '--all'))).not.toContain('mesh-setup');
    expect(await json('bob', 'openclaw', 'setup', '--transport', 'plugin', '--yes')).toMatchObject({ isDone: true });
    await json('bob', 'openclaw', 'remove', '--yes');
    expect(both()).toEqual(before);
    await node.end('SIGTERM');
  }, 180_000);

  it('keeps what was changed since, and says so', async () => {
    const toml = join(home.dir, 'bob', 'mesh.toml');
    const tomlBefore = readFileSync(toml, 'utf8');
    const configBefore = readFileSync(configPath(), 'utf8');
    await json('bob', 'openclaw', 'setup', '--transport', 'hooks', '--yes');
    writeFileSync(toml, `${readFileSync(toml, 'utf8')}# more\n`);
    writeFileSync(
      configPath(),
      readFileSync(configPath(), 'utf8').replace('"allowRequestSessionKey": true', '"allowRequestSessionKey": false'),
    );
    const removed = await run('bob', 'openclaw', 'remove', '--yes');
    expect(removed.stdout).toContain('kept: hooks.allowRequestSessionKey');
    expect(readFileSync(toml, 'utf8')).toBe(`${tomlBefore}# more\n`);
    expect(readFileSync(configPath(), 'utf8')).toContain('"allowRequestSessionKey": false');
    expect(readFileSync(configPath(), 'utf8')).not.toContain('"enabled": true,\n');
    expect(existsSync(join(home.dir, 'bob', 'openclaw-hook-token'))).toBe(false);
    writeFileSync(toml, tomlBefore);
    writeFileSync(configPath(), configBefore);
  }, 120_000);

  it('leaves everything as it was when the agent does not answer', async () => {
    const before = both();
    model.think = async () => ({ status: 400 });
    const failed = await run('bob', 'openclaw', 'setup', '--transport', 'hooks', '--yes');
    expect(failed).toMatchObject({ code: 1, stderr: expect.stringContaining('HANDLER_FAILED') });
    expect(both()).toEqual(before);
  }, 120_000);

  it('says what is missing: the gateway that is off, the agent that it has not', async () => {
    const unknown = await run('bob', 'openclaw', 'setup', '--gateway-agent', 'nobody', '--yes');
    expect(unknown).toMatchObject({ code: 1, stderr: expect.stringContaining('--gateway-agent: main') });
    await gateway.end('SIGTERM');
    const off = await run('bob', 'openclaw', 'setup', '--yes');
    expect(off).toMatchObject({ code: 4, stderr: expect.stringContaining('openclaw gateway run') });
  });

  async function up(name: string) {
    const words = ['up', '--host', '127.0.0.1', '--port', '0', '--api-port', '0', '--json'];
    const running = home.start([...words, ...at(name)]);
    await running.output(/^\}/m);
    return running;
  }

  /** Alice asks and Bob's node, on what setup wrote, answers. */
  async function expectAnswer(question: string): Promise<void> {
    const nodes = await Promise.all(['alice', 'bob'].map(up));
    const { invite } = (await json('bob', 'invite', '--tier', 'trusted')) as { invite: string };
    await json('alice', 'join', invite, '--tier', 'trusted');
    expect(await json('alice', 'ask', 'bob', question, '--timeout', '60s')).toMatchObject({
      answer: { body: `echo: ${question}` },
    });
    for (const node of nodes) await node.end('SIGTERM');
  }
});
