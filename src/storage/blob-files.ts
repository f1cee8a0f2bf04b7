import { chmod, mkdir, type FileHandle, open, readdir, rm, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { MeshError } from '#kernel';
import type { BlobFile, BlobFiles } from '#delivery';
import { syncFolder } from './files.ts';
import { toStoreError } from './sqlite/sqlite-error.ts';

const fileMode = 0o600;
const folderMode = 0o700;
/** Nothing that could lead out of the folder. */
const nameForm = /^[0-9a-f]{32}$/;

/** Files of sealed bytes in one folder, made when it is first needed; all of it is the owner's alone. */
export function blobFilesIn(folder: string): BlobFiles {
  const pathOf = (name: string): string => {
    if (nameForm.test(name)) return join(folder, name);
    throw new MeshError('INTERNAL', 'The name of a stored file must be 32 hex digits');
  };
  return {
    async create(name) {
      const path = pathOf(name);
      return guarded(path, async () => {
        await makeFolder(folder);
        const file = await open(path, 'wx+', fileMode);
        await file.chmod(fileMode);
        return new DiskFile(file, { path, folder });
      });
    },
    async open(name) {
      const path = pathOf(name);
      const file = await guarded(path, () => unlessAbsent(open(path, 'r+')));
      return file === undefined ? undefined : new DiskFile(file, { path });
    },
    async remove(name) {
      const path = pathOf(name);
      await guarded(path, () => rm(path, { force: true }));
    },
    async list() {
      return (await guarded(folder, () => unlessAbsent(readdir(folder)))) ?? [];
    },
    async freeBytes() {
      const found = await guarded(folder, () => unlessAbsent(statfs(folder)));
      if (found !== undefined) return found.bavail * found.bsize;
      await guarded(folder, () => makeFolder(folder));
      const { bavail, bsize } = await guarded(folder, () => statfs(folder));
      return bavail * bsize;
    },
  };
}

async function makeFolder(path: string): Promise<void> {
  const made = await mkdir(path, { recursive: true, mode: folderMode });
  // The umask may have taken rights away.
  if (made !== undefined) await chmod(path, folderMode);
}

interface Place {
  readonly path: string;
  /** Of a new file, whose name is not on the disk before its folder is. */
  readonly folder?: string;
}

class DiskFile implements BlobFile {
  readonly #file: FileHandle;
  readonly #path: string;
  #unsyncedFolder: string | undefined;

  constructor(file: FileHandle, { path, folder }: Place) {
    this.#file = file;
    this.#path = path;
    this.#unsyncedFolder = folder;
  }

  async size(): Promise<number> {
    return (await guarded(this.#path, () => this.#file.stat())).size;
  }

  async read(offset: number, parts: readonly Uint8Array[]): Promise<number> {
    const wanted = parts.reduce((sum, part) => sum + part.length, 0);
    let filled = 0;
    while (filled < wanted) {
      const rest = restOf(parts, filled);
      const { bytesRead } = await guarded(this.#path, () => this.#file.readv(rest, offset + filled));
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    return filled;
  }

  async write(offset: number, parts: readonly Uint8Array[]): Promise<void> {
    const wanted = parts.reduce((sum, part) => sum + part.length, 0);
    let written = 0;
    while (written < wanted) {
      const rest = restOf(parts, written);
      const done = await guarded(this.#path, () => this.#file.writev(rest, offset + written));
      written += done.bytesWritten;
    }
  }

  async sync(): Promise<void> {
    await guarded(this.#path, () => this.#file.datasync());
    const folder = this.#unsyncedFolder;
    if (folder === undefined) return;
    await guarded(folder, () => syncFolder(folder));
    this.#unsyncedFolder = undefined;
  }

  async close(): Promise<void> {
    await guarded(this.#path, () => this.#file.close());
  }
}

/** The parts without their first `done` bytes. */
function restOf(parts: readonly Uint8Array[], done: number): Uint8Array[] {
  if (done === 0) return [...parts];
  let skipped = 0;
  return parts.flatMap((part) => {
    const from = Math.min(part.length, Math.max(0, done - skipped));
    skipped += part.length;
    return from === part.length ? [] : part.subarray(from);
  });
}

async function guarded<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw toStoreError(error, path);
  }
}

async function unlessAbsent<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}
