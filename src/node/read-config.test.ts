import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
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

  test('is refused with the name of the setting, or the line', async () => {
    const cases = [
      ['[node]\nport = "x"\n', 'node.port'],
      ['port = 1\n', 'port'],
      ['[agents.bob]\nruntime = "commando"\n', 'agents.bob.runtime'],
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
