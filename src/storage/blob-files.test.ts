import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { failure } from '../../test/support/failure.ts';
import { runModule } from '../../test/support/run-module.ts';
import { blobFilesIn } from './index.ts';

const root = mkdtempSync(join(tmpdir(), 'mesh-blobs-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

let folders = 0;
const newFolder = (): string => join(root, `d${(folders += 1)}`, 'files');
const modeOf = (path: string): string => (statSync(path).mode & 0o777).toString(8);
const name = 'a'.repeat(32);
const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

describe('files of sealed bytes', () => {
  it('come back as they were written, in parts and anywhere, also by another opening', async () => {
    const files = blobFilesIn(newFolder());
    const file = await files.create(name);
    await file.write(4, [bytesOf('ef'), bytesOf('gh')]);
    await file.write(0, [bytesOf('abcd')]);
    await file.sync();
    await file.close();
    const again = await files.open(name);
    const [first, second] = [new Uint8Array(3), new Uint8Array(9)];
    expect(await again?.read(1, [first, second])).toBe(7);
    expect(Buffer.concat([first, second]).toString('latin1')).toBe('bcdefgh\0\0\0\0\0');
    expect(await again?.size()).toBe(8);
    expect(await again?.read(100, [first])).toBe(0);
    await again?.close();
  });

  it('are the owner’s alone, whatever the umask of the process is', () => {
    const folder = newFolder();
    const source = `import { blobFilesIn } from '#storage';
      for (const [umask, name] of [[0o777, 'a'], [0, 'b']]) {
        process.umask(umask);
        await (await blobFilesIn(${JSON.stringify(folder)}).create(name.repeat(32))).close();
      }`;
    mkdirSync(join(folder, '..'), { recursive: true });
    expect(runModule({ source })).toBe('');
    expect([modeOf(folder), modeOf(join(folder, name)), modeOf(join(folder, 'b'.repeat(32)))]).toEqual([
      '700',
      '600',
      '600',
    ]);
  });

  it('make no folder before there is something to keep, and are none then', async () => {
    const folder = newFolder();
    const files = blobFilesIn(folder);
    expect([await files.list(), await files.open(name)]).toEqual([[], undefined]);
    await files.remove(name);
    expect(existsSync(folder)).toBe(false);
    expect(await files.freeBytes()).toBeGreaterThan(0);
  });

  it('are listed and removed by name; removing what is not there does nothing', async () => {
    const files = blobFilesIn(newFolder());
    await (await files.create(name)).close();
    expect(await files.list()).toEqual([name]);
    await files.remove(name);
    await files.remove(name);
    expect(await files.list()).toEqual([]);
  });

  it('are never made over one that is there', async () => {
    const folder = newFolder();
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, name), 'precious');
    expect((await failure(blobFilesIn(folder).create(name))).code).toBe('STORE_UNREADABLE');
    expect(readdirSync(folder)).toEqual([name]);
  });

  it.each(['../escape', 'A'.repeat(32), 'a'.repeat(31), '', `${'a'.repeat(31)}/`, 'a'.repeat(33)])(
    'have no name like %j',
    async (wrong) => {
      const folder = newFolder();
      const files = blobFilesIn(folder);
      for (const call of [() => files.create(wrong), () => files.open(wrong), () => files.remove(wrong)])
        expect((await failure(call())).code).toBe('INTERNAL');
      expect(existsSync(folder)).toBe(false);
    },
  );

  it('say what is wrong when the folder cannot be used', async () => {
    const folder = newFolder();
    mkdirSync(join(folder, '..'), { recursive: true });
    writeFileSync(folder, 'a file');
    const files = blobFilesIn(folder);
    for (const call of [() => files.create(name), () => files.list(), () => files.open(name)])
      expect((await failure(call())).code).toBe('STORE_UNREADABLE');
  });
});
