import { type FileHandle, open } from 'node:fs/promises';
import type { Client, Input } from '#api';
import { MeshError } from '#kernel';
import type { Call } from './call.ts';
import { visible } from './terminal-text.ts';
import { progressOf } from './views/words.ts';

/** A file that goes beside the message. */
export interface LargeFile {
  readonly path: string;
  readonly name: string;
  readonly mediaType: string;
  readonly size: number;
}

export type FileInputs = NonNullable<Input<'send'>['files']>;

export interface Sending<T> {
  /** Whether the message may be sent with files of these sizes, before gigabytes are handed over for it. */
  check?(files: FileInputs): Promise<unknown>;
  send(files: FileInputs | undefined): Promise<T>;
}

/**
 * Hands the files to the node, which seals its own copy of them, then sends. The command may end and the originals may vanish afterwards.
 * What was handed over in vain is dropped.
 */
export async function sendWithFiles<T>(call: Call, files: readonly LargeFile[], sending: Sending<T>): Promise<T> {
  if (files.length === 0) return sending.send(undefined);
  await sending.check?.(files.map(({ name, mediaType, size }) => ({ name, mediaType, size })));
  const handed: { readonly name: string; readonly mediaType: string; readonly upload: string }[] = [];
  try {
    for (const file of files) {
      const { upload, partBytes } = await call.client.upload({ agent: call.settings.agent }, { signal: call.signal });
      handed.push({ name: file.name, mediaType: file.mediaType, upload });
      await uploadAll(call, file, { upload, partBytes });
    }
    return await sending.send(handed);
  } catch (error) {
    // Also after Ctrl-C, so without the signal of the call.
    for (const { upload } of handed) await drop(call.client, { agent: call.settings.agent, upload });
    throw error;
  }
}

const drop = (client: Client, which: Input<'dropUpload'>): Promise<unknown> =>
  client.dropUpload(which).catch(() => undefined);

interface Target {
  readonly upload: string;
  readonly partBytes: number;
}

async function uploadAll(call: Call, file: LargeFile, { upload, partBytes }: Target): Promise<void> {
  const { client, settings, screen, signal } = call;
  await using source = await openSource(file.path);
  const buffer = new Uint8Array(partBytes);
  let offset = 0;
  for (;;) {
    screen.progress(`Handing over ${visible(file.name)}: ${progressOf(offset, Math.max(offset, file.size))} …`);
    const { bytesRead } = await source.read(buffer, 0, buffer.length, null);
    if (bytesRead === 0) break;
    const bytes = buffer.subarray(0, bytesRead);
    await client.uploadPart({ agent: settings.agent, upload, offset, bytes }, { signal });
    offset += bytesRead;
  }
  screen.progress('');
}

async function openSource(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'r');
  } catch (cause) {
    throw new MeshError('INVALID_ARGUMENT', `--file: ${path} cannot be read: ${String(cause)}`, {
      cause,
      hint: 'Name a file that you may read.',
    });
  }
}
