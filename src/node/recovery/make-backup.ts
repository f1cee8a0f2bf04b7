import { existsSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { type Clock, codeOf, MeshError, type Random, systemClock, systemRandom } from '#kernel';
import { type BackupFile, type BackupManifest, packArchive, PassphraseKeys, sealStream } from '#backup';
import { lockStateDir, snapshotDatabase, writeStreamFile } from '#storage';
import { agentCards } from '../agent-files.ts';
import { type StateDir, stateDir } from '../state-dir.ts';
import { packageVersion } from '#host';
import { bytesOf, readContents } from './backup-file.ts';
import { databaseName, type LeftOut, type StateFile, stateFiles } from './state-files.ts';

export interface BackupOptions {
  readonly stateDir: string;
  /** The file that is made. */
  readonly file: string;
  readonly passphrase: string;
  /** Replaces a file that is there. */
  readonly force: boolean;
  readonly signal?: AbortSignal | undefined;
  onProgress?(done: { readonly bytes: number; readonly total: number }): void;
}

export interface BackupMade {
  readonly file: string;
  readonly bytes: number;
  /** Everything that was acknowledged before this time is in it (ms since 1970). */
  readonly createdAt: number;
  readonly agents: BackupManifest['agents'];
  readonly files: readonly string[];
  /** True when a node was at work meanwhile. */
  readonly online: boolean;
  readonly leftOut: readonly LeftOut[];
}

interface Ports {
  readonly clock: Clock;
  readonly random: Random;
}

/**
 * Everything of a state folder that a new machine needs, in one encrypted file, whether a node works on the folder or not. The file is
 * read back and proved before it gets its name. Throws NOT_INITIALIZED, FILE_EXISTS, INVALID_ARGUMENT, STORE_CORRUPT, STORE_FULL.
 */
export async function makeBackup(
  options: BackupOptions,
  ports: Ports = { clock: systemClock, random: systemRandom },
): Promise<BackupMade> {
  checkPassphrase(options.passphrase);
  const state = stateDir(options.stateDir);
  const path = resolve(options.file);
  checkTarget(path, options.force);
  const agents = agentCards(state).map(({ card: { name, agentId } }) => ({ name, agentId }));
  if (agents.length === 0) throw new MeshError('NOT_INITIALIZED', `${state.path} holds no agent yet`);
  removeStale(state);
  const snapshot = join(state.path, `${snapshotPrefix}${process.pid}.db`);
  try {
    const createdAt = ports.clock.now();
    const online = await takeSnapshot(state, snapshot);
    const { files, leftOut } = await stateFiles(state);
    // The database is the older part: what it names of the rest is there, or was not needed any more.
    const database = existsSync(snapshot) ? [{ name: databaseName, path: snapshot }] : [];
    const software = `agent-mesh/${packageVersion()}`;
    const written = await writeBackup(path, {
      options,
      ports,
      contents: [...files, ...database],
      manifest: { v: 1, createdAt, software, agents },
    });
    return { file: path, ...written, createdAt, agents, online, leftOut };
  } finally {
    rmSync(snapshot, { force: true });
  }
}

/** A backup lies where others may find it, and then nothing but its passphrase protects it. */
const leastCharacters = 8;

function checkPassphrase(passphrase: string): void {
  const { length } = Array.from(passphrase);
  if (length >= leastCharacters) return;
  const text = `The passphrase has ${length} characters, a backup needs at least ${leastCharacters}`;
  throw new MeshError('INVALID_ARGUMENT', text, { hint: 'Take several words that do not belong together.' });
}

function checkTarget(path: string, force: boolean): void {
  const folder = dirname(path);
  if (!existsSync(folder) || !statSync(folder).isDirectory()) {
    throw new MeshError('INVALID_ARGUMENT', `The folder ${folder} does not exist`, {
      hint: 'Make it, or name another file.',
    });
  }
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) return;
  if (!found.isFile()) throw new MeshError('INVALID_ARGUMENT', `${path} is not a file`, { hint: 'Name a file.' });
  if (!force) throw new MeshError('FILE_EXISTS', `${path} exists already`, { data: { path } });
}

const snapshotPrefix = '.backup-';

/** Copies that a killed backup left. */
function removeStale(state: StateDir): void {
  for (const { path, isStale } of snapshots(state)) if (isStale) rmSync(path, { force: true });
}

/** Working copies of the database in the folder, with whether the backup that made it is gone. */
export function snapshots(state: StateDir): readonly { readonly path: string; readonly isStale: boolean }[] {
  if (!existsSync(state.path)) return [];
  return readdirSync(state.path).flatMap((name) => {
    const pid = /^\.backup-(\d+)\.db(-journal)?$/.exec(name)?.[1];
    return pid === undefined ? [] : [{ path: join(state.path, name), isStale: !isAlive(Number(pid)) }];
  });
}

function isAlive(pid: number): boolean {
  if (pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/** Without a node the folder is locked meanwhile, so that none starts in the middle. True when one was at work. */
async function takeSnapshot(state: StateDir, into: string): Promise<boolean> {
  const lock = await lockStateDir(state.path).catch((error: unknown) => {
    if (codeOf(error) === 'NODE_RUNNING') return undefined;
    throw error;
  });
  try {
    // A folder whose node never started has no database yet.
    if (existsSync(state.database)) snapshotDatabase(state.database, into);
    return lock === undefined;
  } finally {
    lock?.release();
  }
}

/** Each is opened when its turn comes, and noted. */
async function* backupFiles(files: readonly StateFile[], noted: string[]): AsyncGenerator<BackupFile, void, void> {
  for (const { name, path, mayGo = false } of files) {
    if (!mayGo) yield backupFile(name, path);
    else {
      await using file = await openIfThere(path);
      if (file === undefined) continue;
      const { size } = await file.stat();
      yield { name, size, content: () => beginningOf(file, size) };
    }
    noted.push(name);
  }
}

async function openIfThere(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, 'r');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

/** As much as it had when it was opened, although it may grow. */
async function* beginningOf(file: FileHandle, size: number): AsyncGenerator<Uint8Array, void, void> {
  for (let at = 0; at < size;) {
    const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(Math.min(pieceBytes, size - at)), {
      position: at,
    });
    if (bytesRead === 0) return;
    yield buffer.subarray(0, bytesRead);
    at += bytesRead;
  }
}

const pieceBytes = 1024 * 1024;

/** Small files are read at once: the node replaces them as a whole now and then. */
function backupFile(name: string, path: string): BackupFile {
  const { size } = statSync(path);
  if (size > smallBytes) return { name, size, content: () => bytesOf(path) };
  const bytes = readFileSync(path);
  return {
    name,
    size: bytes.length,
    async *content() {
      yield bytes;
    },
  };
}

const smallBytes = 64 * 1024;

interface Writing {
  readonly options: BackupOptions;
  readonly ports: Ports;
  readonly contents: readonly StateFile[];
  readonly manifest: BackupManifest;
}

type Written = Pick<BackupMade, 'bytes' | 'files'>;

async function writeBackup(path: string, { options, ports, contents, manifest }: Writing): Promise<Written> {
  const { force, signal, onProgress } = options;
  const keys = new PassphraseKeys(options.passphrase);
  const total = contents.reduce((sum, file) => sum + (statSync(file.path, { throwIfNoEntry: false })?.size ?? 0), 0);
  const names: string[] = [];
  const counted = counting(packArchive(manifest, backupFiles(contents, names)), (bytes) => {
    signal?.throwIfAborted();
    onProgress?.({ bytes: Math.min(bytes, total), total });
  });
  const bytes = await writeStreamFile({
    path,
    mode: 0o600,
    replace: force,
    source: sealStream(counted, { keys, random: ports.random }),
    check: async (written) => {
      const { files } = await readContents({ path: written, keys, signal });
      if (files.length !== names.length)
        throw new MeshError('BACKUP_DAMAGED', 'The backup does not read back as written');
    },
  });
  return { bytes, files: names };
}

async function* counting(
  source: AsyncIterable<Uint8Array>,
  tell: (bytes: number) => void,
): AsyncGenerator<Uint8Array, void, void> {
  let bytes = 0;
  for await (const part of source) {
    yield part;
    tell((bytes += part.length));
  }
}
