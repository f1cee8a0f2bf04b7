import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { defaultLimits, systemClock, systemRandom } from '#kernel';
import { openSqliteStore } from '#storage';
import { ManualClock } from '../../../test/support/manual-clock.ts';
import { createFirstAgent } from '../agent-files.ts';
import { stateDir } from '../state-dir.ts';
import { examineFolder, type ExamineFolder } from './examine-folder.ts';

const day = 86_400_000;
let parent = '';
let path = '';

beforeEach(async () => {
  parent = mkdtempSync(join(tmpdir(), 'mesh-doctor-'));
  path = join(parent, 'state');
  const ports = { clock: systemClock, random: systemRandom, limits: defaultLimits, force: false };
  await createFirstAgent(stateDir(path), { name: 'alice', endpoints: [] }, ports);
  const store = await openSqliteStore({ path: join(path, 'mesh.db'), clock: systemClock, limits: defaultLimits });
  await store.close();
});
afterEach(() => rmSync(parent, { recursive: true, force: true }));

const examine = (options: Partial<ExamineFolder> = {}) => examineFolder({ stateDir: path, running: true, ...options });
const toml = (text: string): void => writeFileSync(join(path, 'mesh.toml'), text);

/** Runs the command of a fix as somebody would who copies it. */
const run = (command: string): void => void execFileSync('sh', ['-c', command]);

describe('a folder where all is well', () => {
  it('has nothing to tell while its node runs, and only that when it does not', async () => {
    expect(await examine()).toEqual([]);
    const free = 'node.port = 0\n';
    toml(free);
    expect(await examine({ running: false })).toMatchObject([
      { severity: 'note', check: 'node', fix: 'mesh up --detach' },
    ]);
  });

  it('is left as it was', async () => {
    const before = execFileSync('ls', ['-la', '--time-style=full-iso', path]).toString();
    await examine({ running: false });
    const lines = (text: string) => text.split('\n').filter((line) => !line.endsWith(' .') && !line.endsWith(' ..'));
    expect(lines(execFileSync('ls', ['-la', '--time-style=full-iso', path]).toString())).toEqual(lines(before));
  });
});

describe('what others could read', () => {
  it.each([
    ['the folder', '', 0o755, 'warning', 'folder'],
    ['a folder that others may change', '', 0o777, 'error', 'folder'],
    ['the keys', 'private_key.pem', 0o640, 'error', 'keys'],
    ['the database', 'mesh.db', 0o644, 'warning', 'keys'],
  ] as const)('%s is found, and the command that it names mends it', async (...row) => {
    const [, name, mode, severity, check] = row;
    const target = join(path, name);
    chmodSync(target, mode);
    const found = await examine();
    expect(found).toMatchObject([{ severity, check }]);
    run(found[0]?.fix ?? '');
    expect(await examine()).toEqual([]);
  });

  it('is named, and nothing of what is secret is told', async () => {
    chmodSync(join(path, 'private_key.pem'), 0o644);
    const secret = readFileSync(join(path, 'private_key.pem'), 'utf8').split('\n')[1] ?? '';
    expect(secret.length).toBeGreaterThan(20);
    expect(JSON.stringify(await examine())).not.toContain(secret);
  });
});

describe('mesh.toml', () => {
  it('is named with the line or the setting that is wrong', async () => {
    toml('[node]\nport = ninety\n');
    expect(await examine()).toMatchObject([
      { check: 'config', severity: 'error', message: expect.stringContaining('line 2') },
    ]);
    toml('[node]\nprot = 90\n');
    expect((await examine())[0]?.message).toContain('prot');
  });

  it('for an agent that is not here, and for files that are not there', async () => {
    toml('[node]\npassphraseFile = "secret"\n[agents.bob]\n');
    const found = await examine();
    expect(found.map(({ message }) => message)).toEqual([
      expect.stringContaining('an agent bob'),
      expect.stringContaining(join(path, 'secret')),
    ]);
    expect(found[0]?.fix).toContain('mesh agent add bob');
  });

  it('with a program that is missing, by its name, its path or its folder', async () => {
    const command = (words: string, more = '') =>
      toml(`[agents.alice]\nruntime = "command"\ncommand = ${words}\n${more}`);
    command('["no-such-program-here"]');
    expect((await examine())[0]).toMatchObject({
      check: 'runtime',
      fix: expect.stringContaining('Install no-such-program-here'),
    });
    command('["./handler"]');
    expect((await examine())[0]?.fix).toContain(`Put it there: ${join(path, 'handler')}`);
    writeFileSync(join(path, 'handler'), '#!/bin/sh\n', { mode: 0o600 });
    const [notExecutable] = await examine();
    run(notExecutable?.fix.split(', or correct')[0] ?? '');
    expect(await examine()).toEqual([]);
    command('["sh", "handler.py"]');
    expect((await examine())[0]?.message).toContain('handler.py');
    command('["sh"]', 'cwd = "work"\n');
    const [noFolder] = await examine();
    run(noFolder?.fix ?? '');
    expect(await examine()).toEqual([]);
  });

  it('with a webhook whose secret others can read', async () => {
    toml('[agents.alice]\nruntime = "webhook"\nurl = "http://127.0.0.1:1"\nsecretFile = "hook"\n');
    const [missing] = await examine();
    run(missing?.fix.replace('Make it: ', '') ?? '');
    expect(await examine()).toEqual([]);
    chmodSync(join(path, 'hook'), 0o644);
    const [open] = await examine();
    run(open?.fix ?? '');
    expect(await examine()).toEqual([]);
  });
});

describe('an OpenClaw gateway in mesh.toml', () => {
  it('whose token is not there, or others can read', async () => {
    toml('[agents.alice]\nruntime = "openclaw"\ntransport = "hooks"\ntokenFile = "token"\nhookTokenFile = "hook"\n');
    expect((await examine()).map(({ message }) => message)).toEqual([
      expect.stringContaining(join(path, 'token')),
      expect.stringContaining(join(path, 'hook')),
    ]);
    for (const name of ['token', 'hook']) writeFileSync(join(path, name), 'abc\n', { mode: 0o600 });
    expect(await examine()).toEqual([]);
    chmodSync(join(path, 'hook'), 0o644);
    expect(await examine()).toMatchObject([{ check: 'keys', fix: `chmod 600 ${join(path, 'hook')}` }]);
  });
});

describe('keys and cards', () => {
  it('that end soon, or have ended, are told with the days that are left', async () => {
    const at = async (days: number) => {
      const clock = new ManualClock(Date.now() + days * day);
      return (await examine({ clock })).filter(({ check }) => check === 'certificate');
    };
    expect(await at(340)).toEqual([]);
    const soon = await at(360);
    expect(soon.map(({ severity }) => severity)).toEqual(['warning', 'warning']);
    expect(soon[0]?.message).toMatch(/^The device key of alice expires in [56] days$/);
    expect((await at(366)).map(({ severity }) => severity)).toEqual(['error', 'error']);
  });

  it('that are missing lead to the last backup', async () => {
    rmSync(join(path, 'identity.json'));
    expect(await examine()).toMatchObject([
      { check: 'keys', severity: 'error', fix: expect.stringContaining('mesh restore FILE') },
    ]);
    rmSync(join(path, 'private_key.pem'));
    expect((await examine())[0]?.fix).toContain('mesh init --name NAME');
    rmSync(path, { recursive: true });
    expect((await examine())[0]?.message).toContain('does not exist');
  });
});

describe('the database', () => {
  it('that is damaged is found beside a node and without one', async () => {
    const database = join(path, 'mesh.db');
    truncateSync(database, 20_000);
    for (const running of [true, false]) {
      toml('[node]\nport = 0\n');
      const [found] = await examine({ running });
      expect(found).toMatchObject({
        check: 'database',
        severity: 'error',
        fix: expect.stringContaining('mesh restore FILE'),
      });
    }
  });

  it('of a newer version is not called damaged', async () => {
    const connection = new DatabaseSync(join(path, 'mesh.db'));
    connection.exec('PRAGMA user_version = 999');
    connection.close();
    expect(await examine()).toMatchObject([{ check: 'version', severity: 'error' }]);
  });
});

describe('a node that does not run', () => {
  it('could not start on a port that is taken', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    toml(`[node]\nhost = "127.0.0.1"\nport = ${port}\napiPort = ${port}\n`);
    const found = await examine({ running: false });
    expect(found.filter(({ check }) => check === 'port')).toMatchObject([
      { severity: 'error', fix: expect.stringContaining(`mesh up --detach --port ${port + 10}`) },
      { severity: 'error', fix: expect.stringContaining(`--api-port ${port + 10}`) },
    ]);
    // A node that runs has its ports itself.
    expect(await examine()).toEqual([]);
    await new Promise((resolve) => server.close(resolve));
    expect((await examine({ running: false })).filter(({ check }) => check === 'port')).toEqual([]);
  });

  it('and was not stopped is a warning', async () => {
    toml('[node]\nport = 0\n');
    writeFileSync(join(path, 'node.json'), '{}');
    expect(await examine({ running: false })).toMatchObject([{ check: 'node', severity: 'warning' }]);
  });
});

describe('time', () => {
  it('that went back shows in files of the future', async () => {
    const future = (Date.now() + day) / 1000;
    utimesSync(join(path, 'mesh.db'), future, future);
    expect(await examine()).toMatchObject([
      { check: 'clock', severity: 'error', fix: expect.stringContaining('set-ntp true') },
    ]);
  });

  it('that is another one for the file system than for the machine', async () => {
    const clock = new ManualClock(Date.now() + 10 * 60_000);
    expect(await examine({ clock })).toMatchObject([
      { check: 'clock', severity: 'warning', message: expect.stringContaining('10 min behind') },
    ]);
  });
});

describe('what a killed backup or restore left', () => {
  it('is found, and the command that it names removes it', async () => {
    writeFileSync(join(path, '.backup-999999999.db'), 'a copy', { mode: 0o600 });
    mkdirSync(join(parent, '.state.restore-abc'));
    const found = await examine();
    expect(found.map(({ check }) => check)).toEqual(['folder', 'folder']);
    for (const { fix } of found) run(fix);
    expect(await examine()).toEqual([]);
  });
});
