import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { runModule } from '../../test/support/run-module.ts';
import { readKeyFile, writeFileAtomic, writeKeyFile } from './index.ts';

const root = mkdtempSync(join(tmpdir(), 'mesh-files-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
chmodSync(root, 0o755);

const newFolder = (): string => mkdtempSync(join(root, 'd-'));
const modeOf = (path: string): string => (statSync(path).mode & 0o777).toString(8);

describe('a key file', () => {
  it('comes back as it was written, and is its owner’s alone', async () => {
    const path = join(newFolder(), 'private_key.pem');
    await writeKeyFile(path, 'secret\n✓');
    expect(await readKeyFile(path)).toBe('secret\n✓');
    expect(modeOf(path)).toBe('600');
    expect(readdirSync(join(path, '..'))).toEqual(['private_key.pem']);
  });

  it('has its mode before its first byte', async () => {
    const folder = newFolder();
    const path = join(folder, 'key');
    let done = false;
    const writing = writeKeyFile(path, 'x'.repeat(30_000_000)).finally(() => {
      done = true;
    });
    const seen = new Set<string>();
    const look = async (name: string): Promise<void> => {
      const found = await stat(join(folder, name)).catch(() => undefined);
      if (found !== undefined) seen.add((found.mode & 0o777).toString(8));
    };
    while (!done) await look('.key.new');
    await writing;
    await look('key');
    expect([...seen]).toEqual(['600']);
  });

  it('has that mode whatever the umask of the process is', () => {
    const folder = newFolder();
    const source = `import { writeKeyFile, writeFileAtomic } from '#storage';
      for (const umask of [0, 0o777]) {
        process.umask(umask);
        await writeKeyFile(${JSON.stringify(folder)} + '/key' + umask, 'x');
        await writeFileAtomic(${JSON.stringify(folder)} + '/card' + umask, 'x');
      }`;
    expect(runModule({ source })).toBe('');
    const modes = readdirSync(folder).map((name) => `${name} ${modeOf(join(folder, name))}`);
    expect(modes).toEqual(['card0 644', 'card511 644', 'key0 600', 'key511 600']);
  });

  it('replaces one that was open to others, and what a crash left', async () => {
    const folder = newFolder();
    const path = join(folder, 'key');
    writeFileSync(path, 'old', { mode: 0o644 });
    writeFileSync(join(folder, '.key.new'), 'half', { mode: 0o666 });
    await writeKeyFile(path, 'new');
    expect([await readKeyFile(path), modeOf(path), readdirSync(folder)]).toEqual(['new', '600', ['key']]);
  });

  it.each([0o640, 0o604, 0o660, 0o620, 0o601, 0o644, 0o777])(
    'is refused with mode %o, with the command that helps',
    async (mode) => {
      const path = join(newFolder(), 'key');
      await writeKeyFile(path, 'secret');
      chmodSync(path, mode);
      await expect(readKeyFile(path)).rejects.toMatchObject({
        code: 'KEY_FILE_PERMISSIONS',
        hint: `Run: chmod 600 ${path}`,
        message: expect.not.stringContaining('secret'),
      });
    },
  );

  it.each([0o600, 0o400])('is read with mode %o', async (mode) => {
    const path = join(newFolder(), 'key');
    await writeKeyFile(path, 'secret');
    chmodSync(path, mode);
    expect(await readKeyFile(path)).toBe('secret');
  });

  it('that is missing, a folder or far too large is no key file', async () => {
    const folder = newFolder();
    mkdirSync(join(folder, 'folder'), { mode: 0o700 });
    writeFileSync(join(folder, 'large'), 'x'.repeat(70_000), { mode: 0o600 });
    for (const name of ['missing', 'folder', 'large']) {
      await expect(readKeyFile(join(folder, name))).rejects.toMatchObject({ code: 'KEY_FILE_UNREADABLE' });
    }
  });
});

describe('without the right to', () => {
  it('a folder, files and databases in it are reported as unreadable', async () => {
    const folder = newFolder();
    await writeKeyFile(join(folder, 'key'), 'x');
    const source = `
      import { lockStateDir, openSqliteStore, readKeyFile, writeFileAtomic, writeKeyFile } from '#storage';
      const folder = ${JSON.stringify(folder)};
      const attempts = [
        () => writeKeyFile(folder + '/new', 'x'),
        () => writeFileAtomic(folder + '/new', 'x'),
        () => readKeyFile(folder + '/key'),
        () => openSqliteStore({ path: folder + '/mesh.db' }),
        () => lockStateDir(folder),
      ];
      const codes = [];
      for (const attempt of attempts) codes.push(await attempt().then(() => 'done', (error) => error.code));
      console.log(codes.join());`;
    chmodSync(folder, 0o700);
    const closed = 'STORE_UNREADABLE,STORE_UNREADABLE,KEY_FILE_UNREADABLE,STORE_UNREADABLE,STORE_UNREADABLE';
    expect(runModule({ source, unprivileged: true })).toBe(closed);
    chmodSync(folder, 0o755);
    expect(runModule({ source, unprivileged: true })).toBe(closed);
  });

  it('write, a database is reported as unreadable, and is not changed', async () => {
    const folder = newFolder();
    chmodSync(folder, 0o755);
    const source = `import { openSqliteStore } from '#storage';
      const path = ${JSON.stringify(join(folder, 'mesh.db'))};
      const attempt = openSqliteStore({ path }).then((store) => store.close());
      console.log(await attempt.then(() => 'opened', (error) => error.code));`;
    expect(runModule({ source })).toBe('opened');
    chmodSync(join(folder, 'mesh.db'), 0o444);
    const before = readFileSync(join(folder, 'mesh.db'));
    expect(runModule({ source, unprivileged: true })).toBe('STORE_UNREADABLE');
    expect(readFileSync(join(folder, 'mesh.db'))).toEqual(before);
  });
});

describe('a public file', () => {
  it('is replaced whole', async () => {
    const path = join(newFolder(), 'identity.json');
    await writeFileAtomic(path, 'one');
    await writeFileAtomic(path, 'two');
    expect([readFileSync(path, 'utf8'), modeOf(path), readdirSync(join(path, '..'))]).toEqual([
      'two',
      '644',
      ['identity.json'],
    ]);
  });

  it('that cannot be put in its place leaves nothing behind', async () => {
    const folder = newFolder();
    mkdirSync(join(folder, 'taken', 'by-a-folder'), { recursive: true });
    await expect(writeFileAtomic(join(folder, 'taken'), 'x')).rejects.toMatchObject({ code: 'STORE_UNREADABLE' });
    expect(readdirSync(folder)).toEqual(['taken']);
  });
});
