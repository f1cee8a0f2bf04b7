import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { defaultLimits, silentLogger, systemClock, systemRandom } from '#kernel';
import type { RuntimeConfig } from './config.ts';
import { parseConfig } from './config-file.ts';
import { makeRuntime } from './make-runtime.ts';

let dir = '';
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'mesh-runtime-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const webhook = { runtime: 'webhook', url: 'http://127.0.0.1:1/mesh', secretFile: 'secret' } as const;
const make = (config: RuntimeConfig = webhook) =>
  makeRuntime(config, {
    clock: systemClock,
    random: systemRandom,
    agentDir: dir,
    limits: defaultLimits,
    logger: silentLogger,
    configPath: join(dir, 'mesh.toml'),
  });

describe('a webhook in mesh.toml', () => {
  test('without its secret says how to make one, and nothing about the keys of the agent', async () => {
    const how = `Make it with: (umask 077; openssl rand -hex 32 > ${join(dir, 'secret')})`;
    await expect(make()).rejects.toMatchObject({ code: 'INVALID_CONFIG', hint: how });
    writeFileSync(join(dir, 'secret'), '\n', { mode: 0o600 });
    await expect(make()).rejects.toMatchObject({ code: 'INVALID_CONFIG', hint: how });
  });

  test('takes the secret beside mesh.toml, which nobody else may read', async () => {
    writeFileSync(join(dir, 'secret'), 'abc\n', { mode: 0o644 });
    await expect(make()).rejects.toMatchObject({ code: 'KEY_FILE_PERMISSIONS' });
    rmSync(join(dir, 'secret'));
    writeFileSync(join(dir, 'secret'), 'abc\n', { mode: 0o600 });
    expect((await make()).kind).toBe('webhook');
  });
});

describe('an OpenClaw gateway in mesh.toml', () => {
  const settings = (text: string): RuntimeConfig | undefined =>
    parseConfig(`[agents.a]\nruntime = "openclaw"\n${text}`, 'mesh.toml').agents?.['a'];

  test('over hooks needs their token, and that of the gateway only to read replies', async () => {
    expect(() => settings('transport = "hooks"')).toThrow('hookTokenFile');
    expect(() => settings('')).toThrow('tokenFile');
    expect(() => settings('transport = "hooks"\nhookTokenFile = "t"\nhook = "../x"')).toThrow('hook');
    const hooks = settings('transport = "hooks"\nhookTokenFile = "hook-token"\nurl = "ws://127.0.0.1:1"');
    await expect(make(hooks)).rejects.toMatchObject({ message: expect.stringContaining('hookTokenFile') });
    writeFileSync(join(dir, 'hook-token'), 'abc\n', { mode: 0o600 });
    expect((await make(hooks)).kind).toBe('openclaw');
    await expect(make(hooks && { ...hooks, tokenFile: 'token' })).rejects.toThrow('tokenFile');
  });
});
