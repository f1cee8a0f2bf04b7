import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { BackupOptions, RestoreOptions } from '#cli';
import { MeshError } from '#kernel';
import { finding, made, restored } from './door-world.ts';
import { mesh } from './fake-mesh.ts';

let dir = '';
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'mesh-backup-verbs-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const file = (name: string, text: string): string => {
  writeFileSync(join(dir, name), text);
  return join(dir, name);
};

describe('mesh backup', () => {
  const asked: BackupOptions[] = [];
  const nodeDoor = {
    makeBackup: async (options: BackupOptions) => {
      asked.push(options);
      return made;
    },
  };
  beforeEach(() => void (asked.length = 0));

  it('asks twice for the passphrase, shows no letter of it, and takes it only when both are the same', async () => {
    const words = ['backup', join(dir, 'x'), '--state-dir', dir];
    const done = await mesh(words, { terminal: 80, stdin: 'correct horse\ncorrect horse', nodeDoor });
    expect(done.code).toBe(0);
    expect(asked).toMatchObject([{ passphrase: 'correct horse', file: join(dir, 'x'), stateDir: dir, force: false }]);
    expect(done.stdout + done.stderr).not.toContain('correct');
    const differs = await mesh(words, { terminal: 80, stdin: 'correct horse\ncorrect house', nodeDoor });
    expect(differs).toMatchObject({ code: 2, stderr: expect.stringContaining('The two passphrases differ') });
    expect(asked).toHaveLength(1);
  });

  it('reads it from a file where nobody can be asked, and never from its words', async () => {
    const words = ['backup', join(dir, 'x')];
    const nobody = await mesh(words, { nodeDoor });
    expect(nobody).toMatchObject({ code: 1, stderr: expect.stringContaining('--passphrase-file F') });
    await mesh([...words, '--passphrase-file', file('p', 'correct horse\nmore')], { nodeDoor });
    expect(asked).toMatchObject([{ passphrase: 'correct horse' }]);
    expect((await mesh([...words, 'correct horse'], { nodeDoor })).code).toBe(2);
  });

  it('asks for nothing when the file is there already', async () => {
    const there = file('there', 'mine');
    const refused = await mesh(['backup', there], { terminal: 80, stdin: 'a\na', nodeDoor });
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('error[FILE_EXISTS]') });
    expect(refused.stderr).not.toContain('Passphrase');
    await mesh(['backup', there, '--force'], { terminal: 80, stdin: 'a\na', nodeDoor });
    expect(asked).toMatchObject([{ force: true }]);
  });

  it('names what is not in it', async () => {
    const { stdout } = await mesh(['backup', join(dir, 'x'), '--passphrase-file', file('p', 'correct horse')], {
      nodeDoor,
    });
    expect(stdout).toContain('/run/secrets/mesh (passphrase file)');
    // The commands to go on with do not get the passphrase file of the backup.
    expect(stdout).not.toContain('--passphrase-file');
  });
});

describe('mesh restore', () => {
  it('asks once, restores into the folder that is named, and says plainly what is gone', async () => {
    const asked: RestoreOptions[] = [];
    const restoreBackup = async (options: RestoreOptions) => {
      asked.push(options);
      return restored;
    };
    const words = ['restore', join(dir, 'x'), '--state-dir', join(dir, 'new'), '--force'];
    const { code, stdout } = await mesh(words, { terminal: 200, stdin: 'correct horse', nodeDoor: { restoreBackup } });
    expect(code).toBe(0);
    expect(asked).toMatchObject([{ passphrase: 'correct horse', stateDir: join(dir, 'new'), force: true }]);
    for (const part of [
      'is gone here, and its senders believe it delivered',
      '4 messages to peers are sent again',
      'the program gets it, perhaps a second time',
      '1 open invite ended',
      'old.example',
      '/run/secrets/mesh',
    ])
      expect(stdout).toContain(part);
    expect(stdout).toContain(`mesh up --state-dir ${join(dir, 'new')} --detach`);
  });

  it('with --check touches no folder', async () => {
    const nodeDoor = {
      restoreBackup: (): never => {
        throw new MeshError('INTERNAL', 'It was not asked to restore');
      },
    };
    const words = ['restore', join(dir, 'x'), '--check', '--passphrase-file', file('p', 'correct horse')];
    const run = await mesh(words, { nodeDoor });
    expect(run).toMatchObject({ code: 0, stdout: expect.stringContaining('The backup is whole') });
    expect(JSON.parse((await mesh([...words, '--json'], { nodeDoor })).stdout)).toMatchObject({ ok: true });
  });
});

describe('mesh doctor', () => {
  const running = (): void =>
    writeFileSync(
      join(dir, 'node.json'),
      JSON.stringify({ pid: process.pid, apiHost: '127.0.0.1', apiPort: 1, startedAt: 1 }),
    );
  const examineFolder = async () => [finding];
  const live = {
    ...finding,
    check: 'queue',
    severity: 'warning' as const,
    message: '3 messages wait for bob',
    fix: 'mesh contact bob',
  };

  it('ends with 0 only when nothing is wrong; a note is nothing wrong', async () => {
    expect(await mesh(['doctor', '--state-dir', dir])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('Nothing is wrong.'),
    });
    expect((await mesh(['doctor', '--state-dir', dir], { nodeDoor: { examineFolder } })).code).toBe(1);
    const json = await mesh(['doctor', '--state-dir', dir, '--json'], { nodeDoor: { examineFolder } });
    expect(json.code).toBe(1);
    expect(JSON.parse(json.stdout)).toEqual({ ok: false, running: false, findings: [finding] });
  });

  it('asks the node too when one runs, and the commands that it names can be pasted', async () => {
    running();
    const { code, stdout, calls } = await mesh(['doctor', '--state-dir', dir], {
      nodeDoor: { examineFolder: async () => [] },
      world: { doctor: { findings: [live] } },
    });
    expect({ code, asked: calls.map(({ name }) => name) }).toEqual({ code: 1, asked: ['doctor'] });
    expect(stdout).toContain(`→ mesh contact --state-dir ${dir} bob`);
    expect(stdout).toContain('0 errors, 1 warning.');
  });

  it('finds a node that does not answer', async () => {
    running();
    const doctor = (): never => {
      throw new MeshError('TIMEOUT');
    };
    const { code, stdout } = await mesh(['doctor', '--state-dir', dir], {
      nodeDoor: { examineFolder: async () => [] },
      world: { doctor },
    });
    expect(code).toBe(1);
    expect(stdout).toContain(`kill ${process.pid}`);
  });
});
