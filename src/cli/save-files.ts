import { mkdirSync } from 'node:fs';
import { type FileHandle, link, open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { codeOf, MeshError, systemRandom, toHex } from '#kernel';
import type { Call } from './call.ts';
import { safeFileName } from './safe-file-name.ts';
import { visible } from './terminal-text.ts';
import type { MessageView } from './views/types.ts';
import { progressOf } from './views/words.ts';

export interface SaveOptions {
  readonly dir: string;
  /** Replaces files of the same name; without it a number is added to the name. */
  readonly force?: boolean;
  /** Only this attachment, from 0. */
  readonly only?: number | undefined;
}

const mostVariants = 1000;

/**
 * Writes the files of the message into the folder under safe names: each appears whole, or not at all. Links are not fetched. Resolves with
 * the paths. Throws FILE_INCOMPLETE, FILE_GONE, FILE_DAMAGED, STORE_FULL.
 */
export async function saveFiles(call: Call, message: MessageView, options: SaveOptions): Promise<readonly string[]> {
  const { screen } = call;
  const paths: string[] = [];
  for (const [index, { kind, name, url }] of message.attachments.entries()) {
    if (options.only !== undefined && options.only !== index) continue;
    if (kind === 'url') {
      screen.note(`${visible(name)} is a link and is not fetched: ${visible(url ?? '')}`);
      continue;
    }
    paths.push(await saveOne(call, { message, index }, options));
  }
  return paths;
}

interface Which {
  readonly message: MessageView;
  readonly index: number;
}

async function saveOne(call: Call, which: Which, { dir, force = false }: SaveOptions): Promise<string> {
  const name = safeFileName(which.message.attachments[which.index]?.name ?? '', which.index);
  makeFolder(dir);
  // In the same folder, so that it can be given its name in one step; hidden, so that nobody takes it for the file.
  const fresh = join(dir, `.mesh-${toHex(systemRandom.bytes(8))}.part`);
  try {
    const file = await create(fresh);
    try {
      await writeAll(call, file, which);
      await file.sync();
    } finally {
      await file.close();
    }
    return force ? await replace(fresh, join(dir, name)) : await nameNew(fresh, dir, name);
  } catch (error) {
    throw toSaveError(error, dir);
  } finally {
    await rm(fresh, { force: true });
  }
}

async function writeAll(call: Call, file: FileHandle, { message, index }: Which): Promise<void> {
  const { client, settings, screen, signal } = call;
  const { kind, name, size = 0 } = message.attachments[index] ?? { kind: 'inline', name: '' };
  const where = { agent: settings.agent, id: message.id, index };
  if (kind === 'inline') {
    const { base64 } = await client.attachment(where, { signal });
    await file.writeFile(Buffer.from(base64, 'base64'));
    return;
  }
  let written = 0;
  for (let part = 0; part === 0 || written < size; part += 1) {
    screen.progress(`Saving ${visible(name)}: ${progressOf(written, size)} …`);
    const bytes = await client.filePart({ ...where, part }, { signal });
    await file.writeFile(bytes);
    written += bytes.length;
  }
  screen.progress('');
}

/** Under the name, else with a number before its ending. A link that lies there is neither followed nor replaced. */
async function nameNew(fresh: string, dir: string, name: string): Promise<string> {
  const [, stem = name, ending = ''] = /^(.+?)((?:\.[^.]+)?)$/.exec(name) ?? [];
  for (let variant = 1; variant <= mostVariants; variant += 1) {
    const path = join(dir, variant === 1 ? name : `${stem}-${variant}${ending}`);
    try {
      await giveName(fresh, path);
      return path;
    } catch (error) {
      if (systemCode(error) !== 'EEXIST') throw error;
    }
  }
  throw new MeshError('WRONG_STATE', `${dir} holds too many files named ${name}`, {
    hint: 'Save into another folder.',
  });
}

const withoutLinks = new Set(['EPERM', 'ENOSYS', 'ENOTSUP', 'EOPNOTSUPP']);

/** In one step; where a disk knows no second names the name is taken first and then filled. Throws EEXIST. */
async function giveName(fresh: string, path: string): Promise<void> {
  try {
    await link(fresh, path);
  } catch (error) {
    if (!withoutLinks.has(systemCode(error))) throw error;
    await (await create(path)).close();
    await rename(fresh, path);
  }
}

async function replace(fresh: string, path: string): Promise<string> {
  await rename(fresh, path);
  return path;
}

const create = (path: string): Promise<FileHandle> => open(path, 'wx', 0o600);

function makeFolder(dir: string): void {
  try {
    mkdirSync(dir, { recursive: true });
  } catch (cause) {
    throw toSaveError(cause, dir);
  }
}

const systemCode = (error: unknown): string =>
  error instanceof Error && 'code' in error && 'errno' in error ? String(error.code) : '';

function toSaveError(error: unknown, dir: string): unknown {
  const code = systemCode(error);
  if (code === '' || codeOf(error) !== 'INTERNAL') return error;
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new MeshError('STORE_FULL', `${dir} has no room for the file`, {
      cause: error,
      hint: 'Free some space, or save into another folder.',
    });
  }
  const problem = code === 'EEXIST' || code === 'ENOTDIR' ? 'is not a folder' : `cannot be written to: ${code}`;
  return new MeshError('INVALID_ARGUMENT', `${dir} ${problem}`, {
    cause: error,
    hint: 'Name a folder that you may write to.',
  });
}
