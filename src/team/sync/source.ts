import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import * as z from 'zod';
import { MeshError } from '#kernel';
import { readText } from '../read-text.ts';
import { parseSourceUrl } from './fetch-text.ts';

/** Where the registry of the team comes from. */
export type Source =
  | { readonly kind: 'url'; readonly url: URL }
  | { readonly kind: 'file'; readonly path: string }
  /** Program and arguments; no shell reads them. */
  | { readonly kind: 'command'; readonly command: readonly [string, ...(readonly string[])] };

interface Named {
  readonly url?: string | undefined;
  readonly file?: string | undefined;
  readonly command?: string | undefined;
}

export interface SourceOptions {
  readonly flags: Named;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** Of the team: what it names when neither flags nor the environment do. */
  readonly sourceFile: string;
}

const fileSchema = z.union([
  z.strictObject({ url: z.string() }),
  z.strictObject({ file: z.string().min(1) }),
  z.strictObject({ command: z.tuple([z.string().min(1)], z.string()) }),
]);

/** The flags, else the environment, else the file sync.json. Throws INVALID_ARGUMENT, TEAM_FILE_MISSING, TEAM_FILE_INVALID. */
export async function chooseSource({ flags, environment, cwd, sourceFile }: SourceOptions): Promise<Source> {
  const named =
    sourceOf(flags, { cwd, what: '--url, --file and --command' }) ??
    sourceOf(
      {
        url: environment['MESH_SYNC_URL'],
        file: environment['MESH_SYNC_FILE'],
        command: environment['MESH_SYNC_COMMAND'],
      },
      { cwd, what: 'MESH_SYNC_URL, MESH_SYNC_FILE and MESH_SYNC_COMMAND' },
    ) ??
    (await fromFile(sourceFile));
  if (named !== undefined) return named;
  throw new MeshError('TEAM_FILE_MISSING', 'No source of the registry is configured', {
    hint: `Name one: mesh team sync --url https://…, --file PATH or --command PROGRAM. For good: {"url": "https://…"} in ${sourceFile}`,
  });
}

/** A source in words, without what may be secret in it. */
export function sourceWords(source: Source): string {
  switch (source.kind) {
    case 'url':
      return `${source.url.origin}${source.url.pathname}`;
    case 'file':
      return source.path;
    case 'command':
      return source.command[0];
  }
}

function sourceOf(given: Named, { cwd, what }: { readonly cwd: string; readonly what: string }): Source | undefined {
  const found = [given.url, given.file, given.command].filter((value) => value !== undefined && value !== '');
  if (found.length > 1) {
    throw new MeshError('INVALID_ARGUMENT', `More than one of ${what} is given`, { hint: 'Give one source.' });
  }
  const { url, file, command } = given;
  if (url !== undefined && url !== '') return { kind: 'url', url: parseSourceUrl(url) };
  if (file !== undefined && file !== '') return { kind: 'file', path: resolve(cwd, file) };
  return command === undefined || command === '' ? undefined : { kind: 'command', command: [resolve(cwd, command)] };
}

async function fromFile(path: string): Promise<Source | undefined> {
  const text = await readText(path);
  if (text === undefined) return undefined;
  assertOwn(path);
  const parsed = fileSchema.safeParse(jsonOf(text));
  if (!parsed.success) {
    throw new MeshError('TEAM_FILE_INVALID', `${path} does not name a source`, {
      hint: 'Write one of: {"url": "https://…"}, {"file": "/path"}, {"command": ["/path/of/program", "argument"]}',
    });
  }
  const named = parsed.data;
  if ('url' in named) return { kind: 'url', url: parseSourceUrl(named.url) };
  return 'file' in named ? { kind: 'file', path: resolve(named.file) } : { kind: 'command', command: named.command };
}

/** It may name a program: who can write it can run what they want. */
function assertOwn(path: string): void {
  const { mode } = statSync(path);
  if (process.platform === 'win32' || (mode & 0o022) === 0) return;
  throw new MeshError('TEAM_FILE_INVALID', `Others can write ${path}, and so choose what runs here`, {
    hint: `Run: chmod 600 ${path}`,
  });
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
