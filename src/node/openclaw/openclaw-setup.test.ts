import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { codeOf, defaultLimits, systemClock, systemRandom, toMeshError } from '#kernel';
import { createFirstAgent, createFurtherAgent } from '../agent-files.ts';
import { stateDir } from '../state-dir.ts';
import { parseJson5 } from './json5.ts';
import { planOpenclawSetup } from './openclaw-setup.ts';
import type { SetupOptions } from './plan-setup.ts';
import { planOpenclawRemoval } from './remove-setup.ts';

const { signal } = new AbortController();
const how = { signal, ask: () => Promise.resolve({ ms: 1, answer: 'asked' }) };
let dir = '';
let state = '';
let config = '';
let server: Server;
let port = 0;
let answer: (response: ServerResponse, path: string) => void;

const works = (response: ServerResponse, path: string): unknown =>
  response.end(path === '/readyz' ? '{"ready":true}' : JSON.stringify({ ok: true, completion: { status: 'ok' } }));

beforeAll(async () => {
  server = createServer((request, response) => {
    request.resume().on('end', () => answer(response, request.url ?? ''));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  port = typeof address === 'object' && address !== null ? address.port : 0;
});
afterAll(() => new Promise((resolve) => server.close(resolve)));
beforeEach(async () => {
  answer = works;
  dir = mkdtempSync(join(tmpdir(), 'mesh-openclaw-setup-'));
  [state, config] = [join(dir, 'state'), join(dir, 'openclaw.json')];
  const ports = { clock: systemClock, random: systemRandom, limits: defaultLimits };
  await createFirstAgent(stateDir(state), { name: 'alice', endpoints: [] }, { ...ports, force: false });
  await createFurtherAgent(stateDir(state), { name: 'robot', endpoints: [] }, ports);
  writeFileSync(config, `{\n  // mine\n  gateway: { port: ${port} },\n}\n`, { mode: 0o640 });
  chmodSync(config, 0o640);
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

/** Over hooks, which need no WebSocket: their token is all that there is. */
const plan = (changed: Partial<SetupOptions> = {}) =>
  planOpenclawSetup({
    stateDir: state,
    gatewayAgent: 'main',
    transport: 'hooks',
    environment: { OPENCLAW_CONFIG_PATH: config },
    signal,
    ...changed,
  });
const failure = async (changed: Partial<SetupOptions> = {}) =>
  toMeshError(await plan(changed).catch((error: unknown) => error));
const read = (path: string): string => readFileSync(path, 'utf8');
const toml = (): string => join(state, 'mesh.toml');
const remove = async (agent?: string) => {
  const removal = await planOpenclawRemoval({ stateDir: state, agent });
  await removal.apply();
  return removal.view;
};

describe('what a setup will write', () => {
  it('is shown without secrets, and nothing is changed', async () => {
    const before = [read(config), read(toml())];
    const { view } = await plan();
    expect(view).toMatchObject({ agent: 'alice', isDone: false, isOneWay: true });
    expect(view.writes.map(({ path }) => path)).toEqual([join(state, 'openclaw-hook-token'), config, toml()]);
    expect(JSON.stringify(view)).toContain('hooks.token: a new secret');
    expect(JSON.stringify(view)).not.toMatch(/[0-9a-f]{64}/);
    expect([read(config), read(toml())]).toEqual(before);
    expect(existsSync(join(state, 'openclaw-hook-token'))).toBe(false);
  });

  it('is only what the gateway has not got yet', async () => {
    const hooks = {
      enabled: true,
      token: '${HOOKS}',
      path: 'in/',
      allowRequestSessionKey: true,
      allowedSessionKeyPrefixes: ['HOOK:'],
    };
    writeFileSync(config, JSON.stringify({ gateway: { port }, hooks: { ...hooks, allowedAgentIds: ['ops'] } }));
    const { view } = await plan({ environment: { OPENCLAW_CONFIG_PATH: config, HOOKS: 'a secret' } });
    expect(view.writes.map(({ lines }) => lines)).toEqual([
      ['the token of its hooks, readable by you alone'],
      ['hooks.allowedAgentIds: ["ops","main"]'],
      expect.arrayContaining(['hook = "/in/agent"', 'gatewayAgent = "main"']),
    ]);
  });
});

describe('a setup', () => {
  it('writes it and is undone byte for byte, for each of two agents', async () => {
    const before = [read(config), read(toml())];
    expect(await (await plan()).apply(how)).toMatchObject({ ms: expect.any(Number) });
    expect(read(config)).toContain('// mine');
    expect(statSync(join(state, 'openclaw-hook-token')).mode & 0o777).toBe(0o600);
    expect(statSync(join(state, 'openclaw-setup.json')).mode & 0o777).toBe(0o600);
    const robot = await plan({ agent: 'robot' });
    expect(robot.view.writes.map(({ path }) => path)).toEqual([
      join(state, 'agents', 'robot', 'openclaw-hook-token'),
      toml(),
    ]);
    await robot.apply(how);
    expect(read(toml())).toContain('hookTokenFile = "agents/robot/openclaw-hook-token"');
    await expect(remove()).rejects.toMatchObject({ code: 'AMBIGUOUS' });
    expect((await remove('alice')).files).toContainEqual({
      path: config,
      outcome: 'left',
      kept: [expect.stringContaining('another agent')],
    });
    expect((await remove()).files.every(({ outcome }) => outcome !== 'left')).toBe(true);
    expect([read(config), read(toml())]).toEqual(before);
    expect(statSync(config).mode & 0o777).toBe(0o640);
    expect(existsSync(join(state, 'openclaw-setup.json'))).toBe(false);
    await expect(remove()).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('twice is once, and takes a secret over that was replaced since', async () => {
    await (await plan()).apply(how);
    expect((await plan()).view).toMatchObject({ isDone: true, writes: [] });
    writeFileSync(config, read(config).replace(/[0-9a-f]{64}/, 'another'));
    const again = await plan();
    expect(again.view.writes).toMatchObject([{ lines: ['the token of its hooks, which has changed'] }]);
    await again.apply(how);
    expect(read(join(state, 'openclaw-hook-token'))).toBe('another\n');
    expect((await failure({ gatewayAgent: 'ops' })).hint).toContain('mesh openclaw remove');
  });

  it('that fails leaves everything as it was', async () => {
    const before = [read(config), read(toml())];
    const planned = await plan();
    answer = (response) => response.writeHead(502).end();
    await expect(planned.apply(how)).rejects.toMatchObject({ code: 'HANDLER_FAILED' });
    expect([read(config), read(toml())]).toEqual(before);
    for (const name of ['openclaw-hook-token', 'openclaw-setup.json'])
      expect(existsSync(join(state, name))).toBe(false);
    expect(statSync(config).mode & 0o777).toBe(0o640);
  });

  it('does not write over what was changed since it was shown', async () => {
    const planned = await plan();
    writeFileSync(config, '{ gateway: { port: 1 } }');
    await expect(planned.apply(how)).rejects.toMatchObject({ code: 'WRONG_STATE' });
    expect(read(config)).toBe('{ gateway: { port: 1 } }');
  });

  it('that broke off is undone by remove', async () => {
    const before = [read(config), read(toml())];
    await (await plan()).apply(how);
    writeFileSync(toml(), before[1] ?? '');
    await remove();
    expect([read(config), read(toml())]).toEqual(before);
  });
});

describe('the plugin', () => {
  const plugin = (changed: Partial<SetupOptions> = {}) => plan({ transport: 'plugin', ...changed });

  it('is what the gateway is told to load, and the agent keeps its inbox for it', async () => {
    writeFileSync(config, `{ gateway: { port: ${port} }, plugins: { allow: ["x"], load: { paths: ["/y"] } } }`);
    const before = [read(config), read(toml())];
    const planned = await plugin();
    expect(planned.view.writes).toMatchObject([{ path: config }]);
    expect(await planned.apply(how)).toEqual({ ms: 1, answer: 'asked' });
    expect(parseJson5(read(config)).value).toMatchObject({
      plugins: {
        allow: ['x', 'mesh'],
        load: { paths: ['/y', expect.stringMatching(/plugins.openclaw$/)] },
        entries: { mesh: { enabled: true, config: { stateDir: state, agents: { main: 'alice' } } } },
      },
    });
    expect((await plugin()).view.isDone).toBe(true);
    expect(codeOf(await failure({ transport: 'plugin', agent: 'robot' }))).toBe('WRONG_STATE');
    await remove();
    expect([read(config), read(toml())]).toEqual(before);
  });

  it('that does not answer is taken out again', async () => {
    const before = read(config);
    const silent = { signal, ask: () => Promise.reject(new Error('silence')) };
    await expect((await plugin()).apply(silent)).rejects.toThrow('silence');
    expect(read(config)).toBe(before);
  });
});

describe('a setup is refused, with what to do,', () => {
  it.each([
    ['without a configuration', () => rmSync(config), 'OPENCLAW_NOT_FOUND', '--config PATH'],
    [
      'when it cannot be read',
      () => writeFileSync(config, '{ token: "secret"'),
      'OPENCLAW_CONFIG_UNREADABLE',
      'openclaw config validate',
    ],
    [
      'with a port that is none',
      () => writeFileSync(config, '{ gateway: { port: "x" } }'),
      'OPENCLAW_CONFIG_UNREADABLE',
      'validate',
    ],
    [
      'when no gateway runs',
      () => writeFileSync(config, '{ gateway: { port: 9 } }'),
      'GATEWAY_UNREACHABLE',
      'openclaw gateway run',
    ],
    [
      'when hooks stand in the way',
      () => writeFileSync(config, `{ gateway: { port: ${port} }, hooks: 1 }`),
      'OPENCLAW_CONFIG_UNREADABLE',
      'hooks.enabled: true',
    ],
    [
      'for an agent with another runtime',
      () => writeFileSync(toml(), '[agents.alice]\nruntime = "command"\ncommand = ["x"]\n'),
      'WRONG_STATE',
      '[agents.alice]',
    ],
    ['when mesh.toml cannot be read', () => writeFileSync(toml(), 'x'), 'INVALID_CONFIG', 'Correct'],
    [
      'when a file of that name holds something else',
      () => writeFileSync(join(state, 'openclaw-hook-token'), 'mine'),
      'FILE_EXISTS',
      'rm ',
    ],
  ])('%s', async (_, prepare, code, hint) => {
    prepare();
    const error = await failure();
    expect(error).toMatchObject({ code, hint: expect.stringContaining(hint) });
    expect(error.message + error.hint).not.toContain('secret"');
  });

  it('for agents that are not here, and over the WebSocket without the token of the gateway', async () => {
    expect(await failure({ agent: 'nobody' })).toMatchObject({
      code: 'NOT_FOUND',
      hint: expect.stringContaining('alice, robot'),
    });
    expect(codeOf(await failure({ stateDir: join(dir, 'none') }))).toBe('NOT_INITIALIZED');
    const refused = await failure({ transport: 'ws' });
    expect(refused).toMatchObject({
      code: 'OPENCLAW_CONFIG_UNREADABLE',
      hint: expect.stringContaining('--token-file'),
    });
    expect(await failure({ tokenFile: join(dir, 'none') })).toMatchObject({ code: 'INVALID_ARGUMENT' });
    expect(await failure({ gatewayAgent: 'Main agent' })).toMatchObject({ code: 'INVALID_ARGUMENT' });
  });

  it('for the agent that the plugin of the gateway speaks for, and no other', async () => {
    const mesh = (entry: string): void =>
      writeFileSync(config, `{ gateway: { port: ${port} }, plugins: { entries: { mesh: ${entry} } } }`);
    mesh('{ enabled: true }');
    expect(await failure()).toMatchObject({ code: 'WRONG_STATE', message: expect.stringContaining('plugin') });
    expect((await plan({ agent: 'robot' })).view.isDone).toBe(false);
    mesh('{ config: { agents: { main: "robot" } } }');
    expect(codeOf(await failure({ agent: 'robot' }))).toBe('WRONG_STATE');
    expect((await plan()).view.isDone).toBe(false);
    mesh('{ enabled: false }');
    expect((await plan()).view.isDone).toBe(false);
  });
});

describe('what was changed since a setup', () => {
  it('stays, and is named', async () => {
    await (await plan()).apply(how);
    writeFileSync(
      config,
      read(config).replace('"enabled": true', '"enabled": false').replace('// mine', '// still mine'),
    );
    writeFileSync(toml(), read(toml()).replace('"/hooks/agent"', '"/hooks/mine"'));
    const { files } = await remove();
    expect(files.map(({ outcome, kept }) => [outcome, kept[0]])).toEqual([
      ['left', expect.stringContaining('settings of the agent')],
      ['cleared', 'hooks.enabled'],
      ['left', 'mesh.toml names it'],
    ]);
    expect(read(config)).toMatch(/still mine[\s\S]*/);
    expect(read(config)).not.toContain('token');
    expect(existsSync(join(state, 'openclaw-hook-token'))).toBe(true);
  });

  it('is a secret of its owner, which stays too', async () => {
    await (await plan()).apply(how);
    writeFileSync(join(state, 'openclaw-hook-token'), 'mine');
    expect((await remove()).files.at(-1)).toMatchObject({
      outcome: 'left',
      kept: [expect.stringContaining('another secret')],
    });
    expect(read(join(state, 'openclaw-hook-token'))).toBe('mine');
  });
});
