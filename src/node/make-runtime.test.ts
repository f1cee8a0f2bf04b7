import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { defaultLimits, silentLogger, systemClock } from '#kernel';
import { makeRuntime } from './make-runtime.ts';

let dir = '';
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'mesh-runtime-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const webhook = { runtime: 'webhook', url: 'http://127.0.0.1:1/mesh', secretFile: 'secret' } as const;
const make = () =>
  makeRuntime(webhook, {
    clock: systemClock,
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
