import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { runModule } from '../../test/support/run-module.ts';
import { defaultLimits } from '#kernel';
import { defaultConfig, rootBudgetOf, withRates } from './config.ts';
import { configTemplate } from './config-template.ts';
import { readConfig } from './read-config.ts';
import { readPassphrase } from './read-passphrase.ts';

let dir = '';
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'mesh-config-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const write = (name: string, text: string): string => {
  const path = join(dir, name);
  writeFileSync(path, text);
  return path;
};
const thrownBy = (run: () => unknown): unknown => {
  try {
    return run();
  } catch (error) {
    return error;
  }
};

describe('mesh.toml', () => {
  test('names the passphrase file from where it stands itself', async () => {
    write('secret', 'correct horse\r\nnotes\r\n');
    const config = await readConfig(write('mesh.toml', '[node]\npassphraseFile = "secret"\n'));
    expect(config.passphraseFile).toBe(join(dir, 'secret'));
    expect(readPassphrase(config)).toBe('correct horse');
  });

  test('says how much may follow from a message, and how much programs may do in an hour', async () => {
    const text = '[rates]\ntrustedTurnsPerHour = 5\n[agents.a]\nrootTurns = 10\nrootHops = 3\n';
    const config = await readConfig(write('mesh.toml', text));
    expect(config.rates).toEqual({ trustedTurnsPerHour: 5 });
    expect(rootBudgetOf(config.agents['a'], defaultLimits)).toEqual({ turns: 10, hops: 3 });
    expect(rootBudgetOf(undefined, defaultLimits)).toEqual({ turns: 64, hops: 8 });
    expect(withRates(defaultLimits, config.rates)).toMatchObject({ trustedTurnsPerHour: 5, programRootsPerHour: 600 });
    expect(withRates(defaultLimits, undefined)).toMatchObject({ trustedTurnsPerHour: Infinity });
    await expect(readConfig(write('mesh.toml', '[agents.a]\nrootTurns = 257\n'))).rejects.toThrow(/rootTurns/);
  });

  test('says whether others on the local network find the node, and in which one', async () => {
    const config = await readConfig(write('mesh.toml', '[lan]\nenabled = true\ninterface = "192.168.1.20"\n'));
    expect(config.lan).toEqual({ enabled: true, interface: '192.168.1.20' });
    expect(await readConfig(write('mesh.toml', '[node]\nport = 1\n'))).not.toHaveProperty('lan');
  });

  test('as mesh init writes it needs no parser, so that the node starts fast', async () => {
    const loadedWith = (text: string): string =>
      runModule({
        source: `
          import { registerHooks } from 'node:module';
          registerHooks({ load(url, context, next) { console.log(url); return next(url, context); } });
          const { readConfig } = await import('./src/node/read-config.ts');
          await readConfig(${JSON.stringify(write('mesh.toml', text))});`,
      });
    const template = configTemplate({ endpoints: [] });
    expect(loadedWith(template)).not.toContain('config-file.ts');
    expect(loadedWith(template.replace('# port', 'port'))).toContain('config-file.ts');
    expect(await readConfig(join(dir, 'mesh.toml'))).toEqual({
      ...defaultConfig,
      files: {},
      lan: {},
      rates: {},
      guard: {},
    });
  });

  test('is refused with the name of the setting, or the line', async () => {
    const cases = [
      ['[node]\nport = "x"\n', 'node.port'],
      ['port = 1\n', 'port'],
      ['[agents.bob]\nruntime = "commando"\n', 'agents.bob.runtime'],
      ['[guard]\ninbound = { bounded = "ask" }\n', 'guard.inbound.bounded'],
      ['[guard]\noutbound = { blocked = "review" }\n', 'guard.outbound'],
      ['[lan]\ninterface = "eth0"\n', 'lan.interface'],
      ['[node\n', 'line 1'],
    ] as const;
    for (const [text, where] of cases) {
      await expect(readConfig(write('mesh.toml', text))).rejects.toMatchObject({
        code: 'INVALID_CONFIG',
        message: expect.stringContaining(where),
      });
    }
  });
});

describe('a passphrase file', () => {
  test('that is missing or empty is an error, not an empty passphrase', () => {
    expect(thrownBy(() => readPassphrase({ passphraseFile: join(dir, 'none') }))).toMatchObject({
      code: 'PASSPHRASE_REQUIRED',
    });
    expect(thrownBy(() => readPassphrase({ passphraseFile: write('empty', '\n') }))).toMatchObject({
      code: 'PASSPHRASE_REQUIRED',
    });
  });
});
