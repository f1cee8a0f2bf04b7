import { existsSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, statfsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { type Clock, MeshError, type Random, systemClock, systemRandom } from '#kernel';
import { PassphraseKeys } from '#backup';
import { lockStateDir, type StateLock, syncFolder } from '#storage';
import { type StateDir, stateDir } from '../state-dir.ts';
import { type BackupContents, type BackupSource, readContents } from './backup-file.ts';
import { fillFolder, type Restored } from './fill-folder.ts';
import { databaseName } from './state-files.ts';

export interface RestoreOptions {
  readonly file: string;
  readonly passphrase: string;
  readonly stateDir: string;
  /** Sets aside what is in the folder. */
  readonly force: boolean;
  readonly signal?: AbortSignal | undefined;
}

export interface RestoreDone extends Restored {
  readonly stateDir: string;
  /** Where the contents that the folder had are now. */
  readonly setAside?: string;
}

interface Ports {
  readonly clock: Clock;
  readonly random: Random;
}

/**
 * Makes a state folder from a backup: everything is proved before anything is written, everything is written and checked beside the
 * place, and then it takes the place in one step. So a crash leaves the folder as it was, or whole. Throws FOLDER_NOT_EMPTY,
 * NODE_RUNNING, and what `readContents` and the database throw.
 */
export async function restoreBackup(
  options: RestoreOptions,
  ports: Ports = { clock: systemClock, random: systemRandom },
): Promise<RestoreDone> {
  const target = stateDir(options.stateDir);
  const held = await claimTarget(target, options.force);
  try {
    const source: BackupSource = {
      path: options.file,
      keys: new PassphraseKeys(options.passphrase),
      signal: options.signal,
    };
    const contents = await readContents(source);
    checkContents(contents);
    mkdirSync(dirname(target.path), { recursive: true, mode: 0o700 });
    await removeStale(target);
    checkRoom(target, contents);
    const staging = mkdtempSync(join(dirname(target.path), stagingPrefix(target)));
    const lock = await lockStateDir(staging);
    try {
      const restored = await fillFolder(stateDir(staging), { source, ...ports });
      options.signal?.throwIfAborted();
      lock.release();
      held?.release();
      const setAside = await takePlace(staging, { target, now: ports.clock.now() });
      const missing = restored.missing.map((one) => ({ ...one, path: one.path.replace(staging, target.path) }));
      return { ...restored, missing, stateDir: target.path, ...(setAside === undefined ? {} : { setAside }) };
    } catch (error) {
      lock.release();
      rmSync(staging, { recursive: true, force: true });
      throw error;
    }
  } finally {
    held?.release();
  }
}

/** Nobody works on the folder, and there is nothing in it that would be lost. The lock keeps it so. */
async function claimTarget({ path }: StateDir, force: boolean): Promise<StateLock | undefined> {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return undefined;
  if (!found.isDirectory()) {
    throw new MeshError('INVALID_ARGUMENT', `${path} is not a folder`, {
      hint: 'Name another one with --state-dir DIR',
    });
  }
  const names = readdirSync(path);
  if (names.length === 0) return undefined;
  const lock = force || names.includes('node.lock') ? await lockStateDir(path) : undefined;
  if (force) return lock;
  lock?.release();
  throw new MeshError('FOLDER_NOT_EMPTY', `${path} holds something already`, { data: { path } });
}

function checkContents({ files }: BackupContents): void {
  const names = new Set(files.map(({ name }) => name));
  for (const name of ['private_key.pem', 'identity.json']) {
    if (!names.has(name)) throw new MeshError('BACKUP_DAMAGED', `The backup holds no ${name}`);
  }
}

function checkRoom({ path }: StateDir, { files }: BackupContents): void {
  const needed = files.reduce((sum, { size }) => sum + size, 0);
  const { bavail, bsize } = statfsSync(dirname(path));
  // The database is checked and rewritten in part before it takes its place.
  const spare = files.find(({ name }) => name === databaseName)?.size ?? 0;
  if (bavail * bsize > needed + Math.min(spare, 64 * 1024 * 1024)) return;
  throw new MeshError('STORE_FULL', `Restoring needs ${needed} bytes, ${bavail * bsize} are free in ${dirname(path)}`);
}

const stagingPrefix = ({ path }: StateDir): string => `.${basename(path)}.restore-`;

/** Folders of restores that are at work, or were killed. */
export function stagedRestores(target: StateDir): readonly string[] {
  const parent = dirname(target.path);
  if (!existsSync(parent)) return [];
  const names = readdirSync(parent).filter((entry) => entry.startsWith(stagingPrefix(target)));
  return names.map((name) => join(parent, name));
}

/** Half-made folders of restores that were killed; one whose restore is at work is locked. */
async function removeStale(target: StateDir): Promise<void> {
  for (const path of stagedRestores(target)) {
    const lock = await lockStateDir(path).catch(() => undefined);
    if (lock === undefined) continue;
    lock.release();
    rmSync(path, { recursive: true, force: true });
  }
}

interface Placing {
  readonly target: StateDir;
  readonly now: number;
}

/** Returns where the earlier contents went. */
async function takePlace(staging: string, { target, now }: Placing): Promise<string | undefined> {
  const { path } = target;
  const setAside = existsSync(path) && readdirSync(path).length > 0 ? freeName(path, now) : undefined;
  try {
    if (setAside !== undefined) renameSync(path, setAside);
    renameSync(staging, path);
  } catch (cause) {
    if (setAside !== undefined && !existsSync(path)) renameSync(setAside, path);
    throw new MeshError('INVALID_ARGUMENT', `${path} cannot be replaced: ${String(cause)}`, {
      cause,
      hint: 'If it is a mount point, name a folder inside it with --state-dir DIR.',
    });
  }
  await syncFolder(dirname(path));
  return setAside;
}

function freeName(path: string, now: number): string {
  const stamp = new Date(now).toISOString().replaceAll(/[:.]/g, '-');
  const base = `${path}.${stamp}.old`;
  for (let n = 1; ; n += 1) {
    const name = n === 1 ? base : `${base}${n}`;
    if (!existsSync(name)) return name;
  }
}
