import { realpathSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type Clock, MeshError, toMeshError } from '#kernel';
import { runProgram } from '#runtime';
import { writeFileAtomic } from '#storage';
import { maxTeamFileBytes, readText } from '../read-text.ts';
import { type ParsedRegistry, parseRegistry } from '../registry.ts';
import type { TeamSettings } from '../settings.ts';
import type { Tokens } from '../tokens.ts';
import { type Change, diffOf, movesAddress, type RegistryDiff } from './diff.ts';
import { fetchText } from './fetch-text.ts';
import { type Source, sourceWords } from './source.ts';

export interface SyncOptions {
  readonly settings: TeamSettings;
  readonly source: Source;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** A registry that was fetched and checked, and what it would change. */
export interface SyncPlan extends RegistryDiff {
  /** Of the registry: what is replaced. */
  readonly path: string;
  readonly source: string;
  readonly total: number;
  readonly text: string;
  /** As it was; undefined when there was none. */
  readonly before: string | undefined;
}

const fetchMs = 15_000;
const commandMs = 30_000;

/** Fetches and checks the registry; changes nothing. Throws TEAM_SOURCE_INVALID, TEAM_FILE_INVALID. */
export async function planSync(options: SyncOptions): Promise<SyncPlan> {
  const { settings, source } = options;
  const words = sourceWords(source);
  const { path, text: before } = await current(settings.registryFiles);
  if (source.kind === 'file' && source.path === path) {
    throw new MeshError('INVALID_ARGUMENT', `${path} is the registry itself`, {
      hint: 'Name the file that it comes from.',
    });
  }
  const fetched = parseRegistry(await textOf(options), { source: words, code: 'TEAM_SOURCE_INVALID' });
  const diff = diffOf(before === undefined ? [] : knownIn(before), fetched.teammates);
  const text = `${JSON.stringify(fetched.document, undefined, 2)}\n`;
  return { ...diff, path, source: words, total: fetched.teammates.length, text, before };
}

/** Writes the registry, whole or not at all, and keeps the one before it beside. Throws STORE_FULL, STORE_UNREADABLE. */
export async function applySync({ path, text, before }: SyncPlan): Promise<{ readonly kept?: string }> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const kept = `${path}.before`;
  if (before !== undefined) await writeFileAtomic(kept, before);
  await writeFileAtomic(path, text);
  return before === undefined ? {} : { kept };
}

/** Changes after which a token goes to another address: a person looks at them first. */
export const movedTokens = ({ changes }: SyncPlan, tokens: Tokens): readonly Change[] =>
  changes.filter((change) => movesAddress(change) && tokens.of(change) !== undefined);

async function current(
  paths: readonly string[],
): Promise<{ readonly path: string; readonly text: string | undefined }> {
  for (const path of paths) {
    const text = await readText(path);
    // A link stays one.
    if (text !== undefined) return { path: realpathSync(path), text };
  }
  return { path: paths[0] ?? 'registry.json', text: undefined };
}

/** What cannot be read has nobody in it; it is kept all the same. */
function knownIn(text: string): ParsedRegistry['teammates'] {
  try {
    return parseRegistry(text, { source: 'before', code: 'TEAM_FILE_INVALID' }).teammates;
  } catch {
    return [];
  }
}

async function textOf(options: SyncOptions): Promise<string> {
  const { source, clock, signal } = options;
  switch (source.kind) {
    case 'url':
      return await fetchText(source.url, { clock, signal, timeoutMs: fetchMs, maxBytes: maxTeamFileBytes });
    case 'file': {
      const text = await readText(source.path);
      if (text !== undefined) return text;
      throw new MeshError('TEAM_SOURCE_INVALID', `There is no file ${source.path}`);
    }
    case 'command':
      return await outputOf(source.command, options);
  }
}

async function outputOf(
  [file, ...args]: readonly [string, ...(readonly string[])],
  options: SyncOptions,
): Promise<string> {
  const { environment, clock, signal } = options;
  const env = Object.fromEntries(
    Object.entries(environment).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
  const input = { file, args, env, stdin: '', timeoutMs: commandMs, maxOutputBytes: maxTeamFileBytes, clock, signal };
  const result = await runProgram(input).catch((error: unknown) => {
    throw new MeshError('TEAM_SOURCE_INVALID', `${file} could not be started: ${toMeshError(error).message}`, {
      hint: 'Nothing was changed. Write the full path of the program and make it executable.',
    });
  });
  signal.throwIfAborted();
  const { exitCode, exitSignal, stopped, stderrTail, stdout } = result;
  if (exitCode === 0 && stopped === undefined) return Buffer.from(stdout).toString('utf8');
  const how = {
    timeout: `took longer than ${commandMs / 1000} s`,
    output: `wrote more than ${maxTeamFileBytes} bytes`,
    aborted: 'was ended',
  };
  const end = stopped === undefined ? `ended with ${exitCode ?? exitSignal ?? 'nothing'}` : how[stopped];
  throw new MeshError('TEAM_SOURCE_INVALID', `${file} ${end}`, {
    data: { detail: stderrTail.trim().slice(-500) },
    hint: 'Nothing was changed. Run the program by hand: it must print the registry as JSON and end with 0.',
  });
}
