import { concatBytes, equalBytes, MeshError, type Random, toUtf8 } from '#kernel';
import { ByteReader } from './byte-reader.ts';
import { openChunks, sealChunks } from './chunks.ts';
import { damaged } from './damaged.ts';
import type { BackupKeys, PassphraseKeys } from './passphrase-keys.ts';

// A stream under a passphrase: a header, then chunks (spec 9.2).
const magic = toUtf8('agent-mesh-backup\n');
const version = 1;
const saltBytes = 16;
const checkBytes = 32;
const openHeaderBytes = magic.length + 1 + saltBytes;

export async function* sealStream(
  plain: AsyncIterable<Uint8Array>,
  options: { readonly keys: PassphraseKeys; readonly random: Random },
): AsyncGenerator<Uint8Array, void, void> {
  const salt = options.random.bytes(saltBytes);
  const header = concatBytes(magic, Uint8Array.of(version), salt);
  const keys = await options.keys.forSalt(salt);
  yield concatBytes(header, keys.check(header));
  yield* sealChunks(plain, keys.payload);
}

/**
 * Throws BACKUP_DAMAGED, UNSUPPORTED_VERSION and PASSPHRASE_WRONG. What came out before it throws was authentic and is not all, so
 * nothing of it counts before the stream has ended.
 */
export async function* openStream(
  sealed: AsyncIterable<Uint8Array>,
  options: { readonly keys: PassphraseKeys },
): AsyncGenerator<Uint8Array, void, void> {
  const reader = new ByteReader(sealed);
  try {
    const keys = await readHeader(reader, options.keys);
    yield* openChunks(reader, keys.payload);
  } finally {
    await reader.close();
  }
}

async function readHeader(reader: ByteReader, passphrase: PassphraseKeys): Promise<BackupKeys> {
  const header = await reader.read(openHeaderBytes);
  if (!equalBytes(header.subarray(0, magic.length), magic)) throw damaged('it does not begin as one');
  const found = header[magic.length];
  if (found !== undefined && found !== version) {
    throw new MeshError('UNSUPPORTED_VERSION', `The backup has version ${found}, this program reads ${version}`, {
      hint: 'Install the version of Agent Mesh that made it, or a later one.',
    });
  }
  const check = await reader.read(checkBytes);
  if (header.length + check.length < openHeaderBytes + checkBytes) throw damaged('it ends in its header');
  const keys = await passphrase.forSalt(header.subarray(magic.length + 1));
  if (equalBytes(keys.check(header), check)) return keys;
  throw new MeshError('PASSPHRASE_WRONG', 'The passphrase does not open the backup', {
    hint: 'Check the passphrase. If it is right, the beginning of the file is damaged: take another copy of the backup.',
  });
}
