import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { lockStateDir } from './index.ts';

const root = mkdtempSync(join(tmpdir(), 'mesh-lock-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const newFolder = (): string => mkdtempSync(join(root, 'd-'));

/** Another process that holds the lock of the folder. */
async function holder(folder: string): Promise<ChildProcess> {
  const source = `import { lockStateDir } from '#storage';
    const lock = await lockStateDir(${JSON.stringify(folder)});
    console.log('held');
    process.stdin.on('data', () => lock.release()).on('end', () => process.exit(0));`;
  const child = spawn(process.execPath, ['--conditions=source', '--input-type=module', '-e', source], {
    cwd: join(import.meta.dirname, '../..'),
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  await once(child.stdout ?? child, 'data');
  return child;
}

describe('the lock of a state folder', () => {
  it('is held by one at a time and can be taken again after it is released', async () => {
    const folder = newFolder();
    const lock = await lockStateDir(folder);
    await expect(lockStateDir(folder)).rejects.toMatchObject({ code: 'NODE_RUNNING', data: { pid: process.pid } });
    await expect(lockStateDir(folder)).rejects.toMatchObject({ code: 'NODE_RUNNING' });
    lock.release();
    lock.release();
    const again = await lockStateDir(folder);
    expect(readdirSync(folder).toSorted()).toEqual(['node.lock', 'node.pid']);
    expect(statSync(join(folder, 'node.lock')).mode & 0o777).toBe(0o600);
    again.release();
  });

  it('holds against another process, names its pid, and ends with it even when it is killed', async () => {
    const folder = newFolder();
    const child = await holder(folder);
    const running = {
      code: 'NODE_RUNNING',
      data: { pid: child.pid },
      message: expect.stringContaining(String(child.pid)),
    };
    await expect(lockStateDir(folder)).rejects.toMatchObject(running);
    // Asking does not loosen it.
    await expect(lockStateDir(folder)).rejects.toMatchObject(running);
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
    const lock = await lockStateDir(folder);
    lock.release();
  });

  it('is not loosened for other processes by a second attempt in the process that holds it', async () => {
    const folder = newFolder();
    const lock = await lockStateDir(folder);
    await expect(lockStateDir(folder)).rejects.toMatchObject({ code: 'NODE_RUNNING' });
    const child = spawn(
      process.execPath,
      [
        '--conditions=source',
        '--input-type=module',
        '-e',
        `import { lockStateDir } from '#storage';
        console.log(await lockStateDir(${JSON.stringify(folder)}).then(() => 'taken', (error) => error.code))`,
      ],
      { cwd: join(import.meta.dirname, '../..'), stdio: ['ignore', 'pipe', 'inherit'] },
    );
    const [output] = await once(child.stdout, 'data');
    expect(String(output).trim()).toBe('NODE_RUNNING');
    lock.release();
  });

  it('does not need the pid file', async () => {
    const folder = newFolder();
    const lock = await lockStateDir(folder);
    writeFileSync(join(folder, 'node.pid'), 'not a number');
    await expect(lockStateDir(folder)).rejects.toMatchObject({
      code: 'NODE_RUNNING',
      data: expect.not.objectContaining({ pid: 0 }),
    });
    rmSync(join(folder, 'node.pid'));
    await expect(lockStateDir(folder)).rejects.toMatchObject({ code: 'NODE_RUNNING' });
    lock.release();
  });

  it('needs a folder', async () => {
    await expect(lockStateDir(join(root, 'none'))).rejects.toMatchObject({ code: 'STORE_UNREADABLE' });
  });
});
