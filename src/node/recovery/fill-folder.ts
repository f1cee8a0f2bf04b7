import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Clock, codeOf, defaultLimits, MeshError, type Random } from '#kernel';
import { type AgentId, decodeKeystore, fingerprintOf, publicKeyOf } from '#identity';
import type { BackupManifest } from '#backup';
import { checkDatabase, openSqliteStore, readKeyFile, syncFolder, writeStreamFile } from '#storage';
import { agentCards, keyFile } from '../agent-files.ts';
import { defaultConfig } from '../config.ts';
import { readConfig } from '../read-config.ts';
import type { StateDir } from '../state-dir.ts';
import { type BackupSource, readBackup } from './backup-file.ts';
import { revive, type Revived } from './revive.ts';
import { isRestorable, type LeftOut, modeOf, placeOf, stateFiles } from './state-files.ts';

export interface RestoredAgent extends Revived {
  readonly name: string;
  readonly agentId: AgentId;
  readonly fingerprint: string;
}

export interface Restored {
  /** When the backup was made (ms since 1970): what was acknowledged after it is not in it. */
  readonly createdAt: number;
  readonly software: string;
  readonly agents: readonly RestoredAgent[];
  /** Addresses that mesh.toml announces: they may be those of the old machine. */
  readonly endpoints: readonly string[];
  /** What mesh.toml names and this machine does not have. */
  readonly missing: readonly LeftOut[];
}

interface Filling {
  readonly source: BackupSource;
  readonly clock: Clock;
  readonly random: Random;
}

/** Unpacks the backup into an empty folder, checks what came out, and makes its database a new life. All of it is on the disk then. */
export async function fillFolder(folder: StateDir, { source, clock, random }: Filling): Promise<Restored> {
  const manifest = await readBackup(source, async ({ name }, content) => {
    if (!isRestorable(name))
      throw new MeshError('BACKUP_DAMAGED', `The backup holds ${name}, which belongs to one machine`);
    const path = placeOf(folder.path, name);
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    await writeStreamFile({ path, mode: modeOf(name), replace: false, source: content });
  });
  await checkKeys(folder, manifest);
  const revived = await reviveDatabase(folder, { manifest, clock, random });
  await syncFolders(folder.path);
  const { endpoints } = await readConfig(folder.config).catch(() => defaultConfig);
  const { leftOut } = await stateFiles(folder);
  return {
    createdAt: manifest.createdAt,
    software: manifest.software,
    agents: manifest.agents.map(({ name, agentId }) => {
      const facts = revived.get(name) ?? { waiting: 0, unhandled: 0, invites: 0, contacts: 0 };
      return { name, agentId, fingerprint: fingerprintOf(publicKeyOf(agentId)).short, ...facts };
    }),
    endpoints,
    missing: leftOut.filter(({ path }) => !existsSync(path)),
  };
}

/** Cards are read; keys too unless they have a passphrase of their own, which is asked for when the node starts. */
async function checkKeys(folder: StateDir, manifest: BackupManifest): Promise<void> {
  const found = agentCards(folder);
  if (found.length !== manifest.agents.length) throw new MeshError('BACKUP_DAMAGED', 'The backup lacks an agent');
  for (const { dir } of found) {
    try {
      await decodeKeystore(await readKeyFile(keyFile(dir)));
    } catch (error) {
      if (codeOf(error) !== 'PASSPHRASE_REQUIRED') throw error;
    }
  }
}

interface Reviving extends Omit<Filling, 'source'> {
  readonly manifest: BackupManifest;
}

async function reviveDatabase(
  folder: StateDir,
  { manifest, clock, random }: Reviving,
): Promise<ReadonlyMap<string, Revived>> {
  const path = folder.database;
  const problem = existsSync(path) ? checkDatabase(path) : undefined;
  if (problem !== undefined) throw problem;
  const store = await openSqliteStore({ path, clock, limits: defaultLimits });
  try {
    const agents = manifest.agents.map(({ name }) => name);
    return await revive(store, { agents, asOf: manifest.createdAt, clock, random });
  } finally {
    // The last connection writes the log back and removes it.
    await store.close();
  }
}

/** The names of new files are on the disk only when their folders are. */
async function syncFolders(path: string): Promise<void> {
  for (const entry of readdirSync(path, { withFileTypes: true })) {
    if (entry.isDirectory()) await syncFolders(join(path, entry.name));
  }
  await syncFolder(path);
}
