import { concatBytes, decodeCbor, encodeCbor, MeshError } from '#kernel';
import { ByteReader } from './byte-reader.ts';
import { damaged } from './damaged.ts';
import { isBackupName } from './file-name.ts';
import { type BackupManifest, fieldsOf, isWhole, parseManifest } from './manifest.ts';

/** A file that goes into a backup; it must have exactly `size` bytes. */
export interface BackupFile {
  readonly name: string;
  readonly size: number;
  content(): AsyncIterable<Uint8Array>;
}

/** A file that comes out of one. */
export interface ArchivedFile {
  readonly name: string;
  readonly size: number;
}

const maxRecordBytes = 256 * 1024;
const lengthBytes = 4;

/** Manifest, files, end (spec 9.3). Throws INTERNAL when a file has another size than it said: it changed meanwhile. */
export async function* packArchive(
  manifest: BackupManifest,
  files: Iterable<BackupFile> | AsyncIterable<BackupFile>,
): AsyncGenerator<Uint8Array, void, void> {
  yield record(manifest);
  let count = 0;
  for await (const { name, size, content } of files) {
    if (!isBackupName(name))
      throw new MeshError('INTERNAL', `A backup cannot hold a file named ${JSON.stringify(name)}`);
    yield record({ name, size });
    let left = size;
    for await (const part of content()) {
      left -= part.length;
      if (left < 0) break;
      yield part;
    }
    if (left !== 0) throw new MeshError('INTERNAL', `${name} changed while it was copied`, { hint: 'Try it again.' });
    count += 1;
  }
  yield record({ end: true, files: count });
}

/**
 * Reads an archive to its end: `take` gets each file in order, with its content, and need not read all of it. Throws BACKUP_DAMAGED,
 * UNSUPPORTED_VERSION, and what `take` throws.
 */
export async function unpackArchive(
  source: AsyncIterable<Uint8Array>,
  take: (file: ArchivedFile, content: AsyncIterable<Uint8Array>) => Promise<void>,
): Promise<BackupManifest> {
  const reader = new ByteReader(source);
  try {
    const manifest = parseManifest(await readRecord(reader));
    const names = new Set<string>();
    for (;;) {
      const next = fieldsOf(await readRecord(reader));
      if (next['end'] === true) {
        if (next['files'] !== names.size || !(await reader.isAtEnd())) throw damaged('it ends wrongly');
        return manifest;
      }
      const file = fileOf(next, names);
      const content = contentOf(reader, file.size);
      await take(file, content);
      for await (const _rest of content);
    }
  } finally {
    await reader.close();
  }
}

function fileOf({ name, size }: Readonly<Record<string, unknown>>, names: Set<string>): ArchivedFile {
  if (!isBackupName(name) || !isWhole(size)) throw damaged('it names a file wrongly');
  // Not told apart by every file system.
  if (names.has(name.toLowerCase())) throw damaged('it holds a file twice');
  names.add(name.toLowerCase());
  return { name, size };
}

/** Read a second time it goes on where the first reader stopped. */
function contentOf(reader: ByteReader, size: number): AsyncIterable<Uint8Array> {
  let left = size;
  return {
    async *[Symbol.asyncIterator]() {
      while (left > 0) {
        const part = await reader.some(left);
        if (part.length === 0) throw damaged('a file in it ends too early');
        left -= part.length;
        yield part;
      }
    },
  };
}

function record(value: object): Uint8Array {
  const bytes = encodeCbor(value);
  const length = new Uint8Array(lengthBytes);
  new DataView(length.buffer).setUint32(0, bytes.length);
  return concatBytes(length, bytes);
}

async function readRecord(reader: ByteReader): Promise<unknown> {
  const prefix = await reader.read(lengthBytes);
  if (prefix.length < lengthBytes) throw damaged('it ends too early');
  const length = new DataView(prefix.buffer, prefix.byteOffset).getUint32(0);
  if (length > maxRecordBytes) throw damaged('a part of it is too large');
  const bytes = await reader.read(length);
  if (bytes.length < length) throw damaged('it ends too early');
  try {
    return decodeCbor(bytes);
  } catch (cause) {
    throw damaged('a part of it cannot be read', cause);
  }
}
