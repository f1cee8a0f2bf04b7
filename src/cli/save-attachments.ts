import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { MeshError } from '#kernel';
import type { Call } from './call.ts';
import { safeFileName } from './safe-file-name.ts';
import { visible } from './terminal-text.ts';
import type { MessageView } from './views/types.ts';

const mostVariants = 1000;

/**
 * Writes the inline attachments into the folder under safe names; what exists is never overwritten. Resolves with the
 * paths.
 */
export async function saveAttachments(call: Call, message: MessageView, dir: string): Promise<readonly string[]> {
  const { client, settings, screen, signal } = call;
  const paths: string[] = [];
  for (const [index, { kind, name, url }] of message.attachments.entries()) {
    if (kind !== 'inline') {
      screen.note(`${visible(name)} is a link and is not fetched: ${visible(url ?? '')}`);
      continue;
    }
    const { base64 } = await client.attachment({ agent: settings.agent, id: message.id, index }, { signal });
    paths.push(writeNew(dir, safeFileName(name, index), Buffer.from(base64, 'base64')));
  }
  return paths;
}

/** Under the name, else with a number before its ending. `wx` also refuses to follow a link that lies there. */
function writeNew(dir: string, name: string, bytes: Uint8Array): string {
  makeFolder(dir);
  const [, stem = name, ending = ''] = /^(.+?)((?:\.[^.]+)?)$/.exec(name) ?? [];
  for (let variant = 1; variant <= mostVariants; variant += 1) {
    const path = join(dir, variant === 1 ? name : `${stem}-${variant}${ending}`);
    try {
      writeFileSync(path, bytes, { flag: 'wx', mode: 0o600 });
      return path;
    } catch (error) {
      if (!isTaken(error)) throw notWritten(path, error);
    }
  }
  throw new MeshError('WRONG_STATE', `${dir} holds too many files named ${name}`, {
    hint: 'Save into another folder.',
  });
}

function makeFolder(dir: string): void {
  try {
    mkdirSync(dir, { recursive: true });
  } catch (cause) {
    throw notWritten(dir, cause);
  }
}

const isTaken = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === 'EEXIST';

function notWritten(path: string, cause: unknown): MeshError {
  return new MeshError('INVALID_ARGUMENT', `--save: ${path} cannot be written: ${String(cause)}`, {
    cause,
    hint: 'Name a folder that you may write to.',
  });
}
