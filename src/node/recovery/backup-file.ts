import { resolve } from 'node:path';
import { createReadStream, existsSync, statSync } from 'node:fs';
import { MeshError, toMeshError } from '#kernel';
import { type ArchivedFile, type BackupManifest, openStream, PassphraseKeys, unpackArchive } from '#backup';

const pieceBytes = 1024 * 1024;

export interface BackupSource {
  readonly path: string;
  readonly keys: PassphraseKeys;
  readonly signal?: AbortSignal | undefined;
}

/** The bytes of a file, in pieces. */
export async function* bytesOf(path: string, signal?: AbortSignal): AsyncGenerator<Uint8Array, void, void> {
  for await (const piece of createReadStream(path, { highWaterMark: pieceBytes })) {
    signal?.throwIfAborted();
    yield piece as Uint8Array;
  }
}

/**
 * Reads and proves a whole backup file; `take` gets each file in it, of which nothing counts before this resolves. Throws NOT_FOUND,
 * BACKUP_DAMAGED, UNSUPPORTED_VERSION, PASSPHRASE_WRONG, and what `take` throws.
 */
export async function readBackup(
  source: BackupSource,
  take: (file: ArchivedFile, content: AsyncIterable<Uint8Array>) => Promise<void>,
): Promise<BackupManifest> {
  const { path, keys, signal } = source;
  if (!existsSync(path))
    throw new MeshError('NOT_FOUND', `There is no file ${path}`, { hint: 'Check the name of the backup.' });
  if (!statSync(path).isFile()) throw new MeshError('INVALID_ARGUMENT', `${path} is not a file`);
  try {
    return await unpackArchive(openStream(bytesOf(path, signal), { keys }), take);
  } catch (error) {
    if (error instanceof MeshError) throw error;
    signal?.throwIfAborted();
    throw toMeshError(error);
  }
}

export interface BackupContents {
  readonly manifest: BackupManifest;
  readonly files: readonly ArchivedFile[];
}

/** Proves a backup file and says what is in it. Throws as `readBackup` does. */
export async function checkBackup(options: { readonly file: string; readonly passphrase: string }) {
  const source = { path: resolve(options.file), keys: new PassphraseKeys(options.passphrase) };
  const { manifest, files } = await readContents(source);
  const { createdAt, software, agents } = manifest;
  return { createdAt, software, agents, files };
}

/** Reads the whole file and proves it; writes nothing. Throws as `readBackup` does. */
export async function readContents(source: BackupSource): Promise<BackupContents> {
  const files: ArchivedFile[] = [];
  const manifest = await readBackup(source, async (file) => {
    files.push(file);
  });
  return { manifest, files };
}
