import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MeshError, toUtf8 } from '#kernel';
import { pieces } from '../../test/support/byte-streams.ts';
import { writeStreamFile } from './stream-file.ts';

describe('a file that is written from a stream', () => {
  let dir = '';
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'mesh-stream-'));
  });
  afterEach(() => rmSync(dir, { recursive: true, force: true }));

  const file = (text = 'hello', replace = false) => ({
    path: join(dir, 'out'),
    mode: 0o600,
    replace,
    source: pieces(toUtf8(text), 2),
  });

  it('has its size, its content and its mode, and leaves nothing beside it', async () => {
    expect(await writeStreamFile(file())).toBe(5);
    expect(readFileSync(join(dir, 'out'), 'utf8')).toBe('hello');
    expect((statSync(join(dir, 'out')).mode & 0o777).toString(8)).toBe('600');
    expect(readdirSync(dir)).toEqual(['out']);
  });

  it('replaces another one only when it is told to', async () => {
    writeFileSync(join(dir, 'out'), 'mine');
    await expect(writeStreamFile(file())).rejects.toMatchObject({ code: 'FILE_EXISTS' });
    expect(readFileSync(join(dir, 'out'), 'utf8')).toBe('mine');
    await writeStreamFile(file('yours', true));
    expect(readFileSync(join(dir, 'out'), 'utf8')).toBe('yours');
    expect(readdirSync(dir)).toEqual(['out']);
  });

  it('does not appear when its source or its check fails', async () => {
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield toUtf8('half');
      throw new MeshError('STORE_CORRUPT');
    }
    await expect(writeStreamFile({ ...file(), source: broken() })).rejects.toMatchObject({ code: 'STORE_CORRUPT' });
    const check = async (path: string): Promise<void> => {
      expect(readFileSync(path, 'utf8')).toBe('hello');
      throw new MeshError('BACKUP_DAMAGED');
    };
    await expect(writeStreamFile({ ...file(), check })).rejects.toMatchObject({ code: 'BACKUP_DAMAGED' });
    expect(readdirSync(dir)).toEqual([]);
  });

  it('takes the place of what a crash left', async () => {
    writeFileSync(join(dir, '.out.new'), 'half', { mode: 0o644 });
    await writeStreamFile(file());
    expect(existsSync(join(dir, '.out.new'))).toBe(false);
    expect((statSync(join(dir, 'out')).mode & 0o777).toString(8)).toBe('600');
  });
});
