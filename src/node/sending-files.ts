import { statSync } from 'node:fs';
import { open, readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { planFiles } from '#api';
import { MeshError } from '#kernel';
import type { Uploads } from './uploads.ts';

/**
 * A file to send: one of this machine, or bytes as they come. When `send` has resolved the node has its own copy, and the original may change
 * or vanish.
 */
export type SendingFile =
  | { readonly path: string; readonly name?: string; readonly mediaType?: string }
  | {
      readonly stream: AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
      readonly name: string;
      readonly mediaType?: string;
    };

const anyType = 'application/octet-stream';
/** As large as a chunk. */
const readBytes = 1024 * 1024;

/** The files as `send` takes them: small ones inside the message, the others handed over. Throws NOT_FOUND, and what handing over throws. */
export async function handOver(files: readonly SendingFile[], text: string, uploads: Uploads) {
  const sizes = files.map((file) => ('path' in file ? sizeOf(file.path) : undefined));
  const plan = planFiles(sizes, Buffer.byteLength(text));
  const attachments: { readonly name: string; readonly mediaType: string; readonly base64: string }[] = [];
  const beside: { readonly name: string; readonly mediaType: string; readonly upload: string }[] = [];
  try {
    for (const [index, file] of files.entries()) {
      const name = file.name ?? ('path' in file ? basename(file.path) : 'file');
      const { mediaType = anyType } = file;
      if ('path' in file && plan[index] === true)
        attachments.push({ name, mediaType, base64: (await readFile(file.path)).toString('base64') });
      else beside.push({ name, mediaType, upload: await uploads.seal(sourceOf(file)) });
    }
  } catch (error) {
    for (const { upload } of beside) await uploads.drop(upload);
    throw error;
  }
  return { attachments, files: beside };
}

function sizeOf(path: string): number {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats?.isFile() === true) return stats.size;
  throw new MeshError('NOT_FOUND', `${path} is ${stats === undefined ? 'not there' : 'not a file'}`);
}

const sourceOf = (file: SendingFile): AsyncIterable<Uint8Array> | Iterable<Uint8Array> =>
  'path' in file ? bytesOf(file.path) : file.stream;

/** What is given is overwritten when the next is asked for: the sealer copies it. */
async function* bytesOf(path: string): AsyncGenerator<Uint8Array, void, undefined> {
  await using file = await open(path, 'r');
  const buffer = new Uint8Array(readBytes);
  for (;;) {
    const { bytesRead } = await file.read(buffer, 0, buffer.length, null);
    if (bytesRead === 0) return;
    yield buffer.subarray(0, bytesRead);
  }
}
