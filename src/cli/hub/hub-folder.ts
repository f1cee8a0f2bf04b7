import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { codeOf, MeshError, systemClock, systemRandom, toBase64url } from '#kernel';
import { type Address, hubLimits, newHubKey } from '#hub';
import { lockStateDir, readKeyFile, type StateLock, writeFileAtomic, writeKeyFile } from '#storage';
import { isAlive } from '../running-node.ts';

/** Where a hub keeps everything. */
export interface HubFolder {
  readonly path: string;
  readonly key: string;
  readonly config: string;
  readonly database: string;
  readonly blobs: string;
  readonly token: string;
  readonly running: string;
  readonly log: string;
}

export const hubFolder = (path: string): HubFolder => ({
  path,
  key: join(path, 'hub-key'),
  config: join(path, 'hub.toml'),
  database: join(path, 'hub.db'),
  blobs: join(path, 'blobs'),
  token: join(path, 'admin-token'),
  running: join(path, 'hub.json'),
  log: join(path, 'hub.log'),
});

/** Makes the folder, its owner's alone, when it is not there. */
export function makeFolder({ path }: HubFolder): void {
  if (existsSync(path)) return;
  mkdirSync(path, { recursive: true, mode: 0o700 });
  // The umask may have taken rights away.
  chmodSync(path, 0o700);
}

/** Throws HUB_RUNNING. */
export async function lockFolder({ path }: HubFolder): Promise<StateLock> {
  try {
    return await lockStateDir(path);
  } catch (error) {
    if (codeOf(error) !== 'NODE_RUNNING') throw error;
    throw new MeshError('HUB_RUNNING', `A hub or node works on ${path} already`, { cause: error });
  }
}

/** The text of the key file, made once. Throws KEY_FILE_PERMISSIONS, KEY_FILE_UNREADABLE. */
export async function keyOf({ key, database }: HubFolder): Promise<string> {
  if (!existsSync(key)) {
    // Members know the hub by its key: a new one would make the database useless without a word.
    if (existsSync(database))
      throw new MeshError('KEY_FILE_UNREADABLE', `The key file ${key} is missing, and the database is there`, {
        hint: 'Restore the key file from a backup, or move hub.db away to begin a new hub.',
      });
    await writeKeyFile(key, await newHubKey({ random: systemRandom, clock: systemClock, limits: hubLimits }));
  }
  return await readKeyFile(key);
}

const tokenBytes = 32;

/** The bearer token of the admin API, made once. Throws KEY_FILE_PERMISSIONS. */
export async function tokenOf({ token }: HubFolder): Promise<string> {
  if (!existsSync(token)) await writeKeyFile(token, `${toBase64url(systemRandom.bytes(tokenBytes))}\n`);
  return (await readKeyFile(token)).trim();
}

export async function writeRunning({ running }: HubFolder, admin: Address): Promise<void> {
  const facts = { pid: process.pid, adminHost: admin.host, adminPort: admin.port };
  await writeFileAtomic(running, `${JSON.stringify(facts)}\n`);
}

export function removeRunning({ running }: HubFolder): void {
  rmSync(running, { force: true });
}

/** Where the admin API of the running hub is; undefined without one, and for a file that a killed hub left behind. */
export function findRunningHub({ running }: HubFolder): Address | undefined {
  try {
    const facts: unknown = JSON.parse(readFileSync(running, 'utf8'));
    if (typeof facts !== 'object' || facts === null) return undefined;
    const { pid, adminHost: host, adminPort: port } = facts as Partial<Record<string, unknown>>;
    if (typeof pid !== 'number' || typeof host !== 'string' || typeof port !== 'number') return undefined;
    return isAlive(pid) ? { host, port } : undefined;
  } catch {
    return undefined;
  }
}
