import { type FileHandle, link, open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { MeshError } from '#kernel';
import { syncFolder } from './files.ts';
import { toStoreError } from './sqlite/sqlite-error.ts';

export interface StreamFile {
  readonly path: string;
  readonly mode: number;
  /** Otherwise a file that is there stays, and FILE_EXISTS is thrown. */
  readonly replace: boolean;
  readonly source: AsyncIterable<Uint8Array>;
  /** Looks at the whole file under its working name; throws when it must not get its own. */
  check?(path: string): Promise<void>;
}

/**
 * Writes a file of any size that appears whole or not at all, also when the power fails, with its mode before its first byte. Resolves
 * with its size. Throws FILE_EXISTS, STORE_FULL, STORE_UNREADABLE, and what `source` and `check` throw.
 */
export async function writeStreamFile(file: StreamFile): Promise<number> {
  const { path, replace, check } = file;
  const fresh = join(dirname(path), `.${basename(path)}.new`);
  try {
    // Left by a crash.
    await rm(fresh, { force: true });
    const size = await writeAll(fresh, file);
    await check?.(fresh);
    await (replace ? rename(fresh, path) : nameOnce(fresh, path));
    await syncFolder(dirname(path));
    return size;
  } catch (error) {
    await rm(fresh, { force: true }).catch(() => undefined);
    throw toStoreError(error, path);
  }
}

async function writeAll(path: string, { mode, source }: StreamFile): Promise<number> {
  const file = await open(path, 'wx', mode);
  try {
    // The umask may have taken rights away.
    await file.chmod(mode);
    let size = 0;
    for await (const part of source) size += await writePart(file, part);
    await file.sync();
    return size;
  } finally {
    await file.close();
  }
}

async function writePart(file: FileHandle, part: Uint8Array): Promise<number> {
  for (let done = 0; done < part.length;) done += (await file.write(part, done)).bytesWritten;
  return part.length;
}

/** A link fails when the name is taken, where a rename would replace what has it. */
async function nameOnce(fresh: string, path: string): Promise<void> {
  try {
    await link(fresh, path);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'EEXIST')
      throw new MeshError('FILE_EXISTS', `${path} exists already`, { data: { path }, cause: error });
    // A file system without links, such as that of many USB sticks.
    await claim(path);
    await rename(fresh, path).catch(async (failure: unknown) => {
      await rm(path, { force: true });
      throw failure;
    });
    return;
  }
  await rm(fresh);
}

async function claim(path: string): Promise<void> {
  try {
    await (await open(path, 'wx', 0o600)).close();
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'EEXIST')
      throw new MeshError('FILE_EXISTS', `${path} exists already`, { data: { path }, cause: error });
    throw error;
  }
}
