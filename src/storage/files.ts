import { constants } from 'node:fs';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { MeshError } from '#kernel';
import { toStoreError } from './sqlite/sqlite-error.ts';

const keyMode = 0o600;
const publicMode = 0o644;
/** No key file or card comes near it. */
const maxKeyFileBytes = 64 * 1024;

/**
 * Writes a file that only its owner may read: it has mode 0600 before its first byte, and appears whole or not at all,
 * also when the power fails. Throws STORE_FULL, STORE_UNREADABLE.
 */
export async function writeKeyFile(path: string, text: string): Promise<void> {
  await replaceFile({ path, text, mode: keyMode });
}

/** The same for a file that everybody may read. */
export async function writeFileAtomic(path: string, text: string): Promise<void> {
  await replaceFile({ path, text, mode: publicMode });
}

/** Throws KEY_FILE_UNREADABLE, and KEY_FILE_PERMISSIONS when group or others have any right to it. */
export async function readKeyFile(path: string): Promise<string> {
  const file = await open(path, constants.O_RDONLY).catch((cause: unknown) => {
    throw new MeshError('KEY_FILE_UNREADABLE', `The key file ${path} cannot be opened`, { cause, data: { path } });
  });
  try {
    return await readChecked(file, path);
  } finally {
    await file.close();
  }
}

/** Looks at the open file and not at its name, which could be another file a moment later. */
async function readChecked(file: FileHandle, path: string): Promise<string> {
  const found = await file.stat();
  if (!found.isFile() || found.size > maxKeyFileBytes) {
    throw new MeshError('KEY_FILE_UNREADABLE', `${path} is not a key file`, { data: { path } });
  }
  // Windows has no such modes; there the folder of the user protects the file.
  if (process.platform !== 'win32' && (found.mode & 0o077) !== 0) {
    const mode = (found.mode & 0o777).toString(8).padStart(4, '0');
    const text = `The key file ${path} has mode ${mode}: others than its owner can read or change it`;
    throw new MeshError('KEY_FILE_PERMISSIONS', text, { hint: `Run: chmod 600 ${path}`, data: { path, mode } });
  }
  return file.readFile('utf8');
}

interface NewFile {
  readonly path: string;
  readonly text: string;
  readonly mode: number;
}

async function replaceFile({ path, text, mode }: NewFile): Promise<void> {
  const fresh = join(dirname(path), `.${basename(path)}.new`);
  try {
    // Left by a crash, perhaps with another mode.
    await rm(fresh, { force: true });
    await writeSynced(fresh, { text, mode });
    await rename(fresh, path);
    await syncFolder(dirname(path));
  } catch (error) {
    await rm(fresh, { force: true }).catch(() => undefined);
    throw toStoreError(error, path);
  }
}

async function writeSynced(path: string, { text, mode }: Omit<NewFile, 'path'>): Promise<void> {
  const file = await open(path, 'wx', mode);
  try {
    // The umask may have taken rights away.
    await file.chmod(mode);
    await file.writeFile(text, 'utf8');
    await file.sync();
  } finally {
    await file.close();
  }
}

/** The new name is on the disk only when its folder is. */
export async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return;
  const folder = await open(path, constants.O_RDONLY);
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
