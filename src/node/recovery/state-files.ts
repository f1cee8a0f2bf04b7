import { existsSync, lstatSync, readdirSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { codeOf } from '#kernel';
import { agentCards, cardFile, keyFile } from '../agent-files.ts';
import type { NodeConfig, RuntimeConfig } from '../config.ts';
import { readConfig } from '../read-config.ts';
import type { StateDir } from '../state-dir.ts';

export interface StateFile {
  /** In the backup: below the state folder, with `/`. */
  readonly name: string;
  readonly path: string;
  /** Gone when nobody needs it any more, which may be now. */
  readonly mayGo?: boolean;
}

/** What a new machine needs and a backup does not hold. */
export interface LeftOut {
  readonly what: 'passphrase file' | 'secret file' | 'program' | 'files named in mesh.toml';
  readonly path: string;
}

export interface StateFiles {
  readonly files: readonly StateFile[];
  readonly leftOut: readonly LeftOut[];
}

/** Larger ones are no handlers and no secrets. */
const maxNamedBytes = 16 * 1024 * 1024;

/**
 * What of a state folder goes into a backup beside the database: keys and card of every agent, mesh.toml, what that names inside the
 * folder (secrets of webhooks, handlers), and the sealed bytes of files. The API token, locks, logs and copies that were set aside belong
 * to the old machine, and the passphrase of the keys is kept elsewhere on purpose. A further kind of file is added here: everything behind
 * takes what this names.
 */
export async function stateFiles(state: StateDir): Promise<StateFiles> {
  const agents = agentCards(state).flatMap(({ dir }) => [keyFile(dir), cardFile(dir)]);
  const config = existsSync(state.config) ? [state.config] : [];
  const own = [...agents, ...config].filter((path) => existsSync(path));
  const { named, leftOut } = await namedFiles(state);
  const lasting = [...new Set([...own, ...named])].map((path) => ({ name: nameOf(state, path), path }));
  return { files: [...lasting, ...sealedFiles(state)], leftOut };
}

/** The keys to them stand in the messages, in the database. */
function sealedFiles(state: StateDir): readonly StateFile[] {
  if (!existsSync(state.files)) return [];
  return readdirSync(state.files, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name))
    .filter((path) => isPortable(relative(state.path, path)))
    .map((path) => ({ name: nameOf(state, path), path, mayGo: true }));
}

async function namedFiles(state: StateDir): Promise<{ named: readonly string[]; leftOut: readonly LeftOut[] }> {
  let config: NodeConfig;
  try {
    config = await readConfig(state.config);
  } catch (error) {
    if (codeOf(error) !== 'INVALID_CONFIG') throw error;
    return { named: [], leftOut: [{ what: 'files named in mesh.toml', path: state.config }] };
  }
  const base = dirname(state.config);
  const candidates = Object.values(config.agents).flatMap((agent) => filesOf(agent, base));
  const named = candidates.filter(({ path }) => isInside(state, path)).map(({ path }) => path);
  const outside = candidates.filter(({ path }) => !isInside(state, path));
  const { passphraseFile } = config;
  return {
    named,
    leftOut: [
      ...(passphraseFile === undefined ? [] : [{ what: 'passphrase file', path: passphraseFile } as const]),
      ...outside,
    ],
  };
}

function filesOf(agent: RuntimeConfig, base: string): readonly LeftOut[] {
  const { secretFile, tokenFile, hookTokenFile, command = [] } = agent;
  const cwd = agent.cwd === undefined ? base : resolve(base, agent.cwd);
  const programs = command.filter((word) => /[./\\]/.test(word)).map((word) => resolve(cwd, word));
  return [
    ...[secretFile, tokenFile, hookTokenFile]
      .filter((path) => path !== undefined)
      .map((path) => ({ what: 'secret file', path: resolve(base, path) }) as const),
    ...programs.filter((path) => existsSync(path)).map((path) => ({ what: 'program', path }) as const),
  ];
}

/** A plain file of moderate size below the folder; a link may lead anywhere. */
function isInside(state: StateDir, path: string): boolean {
  const name = relative(state.path, path);
  if (name === '' || name.startsWith('..') || resolve(state.path, name) !== path) return false;
  const found = lstatSync(path, { throwIfNoEntry: false });
  return found !== undefined && found.isFile() && found.size <= maxNamedBytes && isPortable(name);
}

const isPortable = (name: string): boolean =>
  name.split(sep).every((part) => /^[A-Za-z0-9_][A-Za-z0-9._-]*$/.test(part));

const nameOf = (state: StateDir, path: string): string => relative(state.path, path).split(sep).join('/');

/** In a backup. */
export const databaseName = 'mesh.db';

/** What belongs to a running node or to one machine: it is never taken from a backup. */
const machineFiles: ReadonlySet<string> = new Set([
  'api-token',
  'node.lock',
  'node.pid',
  'node.json',
  'node.log',
  'mesh.db-wal',
  'mesh.db-shm',
  'mesh.db-journal',
]);

export const isRestorable = (name: string): boolean => !machineFiles.has(name);

/** Everybody may read a card; the rest is for its owner alone. */
export const modeOf = (name: string): number => (/(^|\/)identity\.json$|^mesh\.toml$/.test(name) ? 0o644 : 0o600);

export const placeOf = (folder: string, name: string): string => join(folder, ...name.split('/'));
