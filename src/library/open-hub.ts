import { chmodSync, existsSync, mkdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type Clock, codeOf, type Logger, MeshError, silentLogger, systemRandom, toHex } from '#kernel';
import { isAgentId, parseName } from '#identity';
import { Hub, type HubAdmission, hubLimits, newHubKey, readHubKey } from '#hub';
import { blobFilesIn, lockStateDir, openMemoryHubStore, openSqliteHubStore, readKeyFile, writeKeyFile } from '#storage';

export interface HubSettings {
  /** What the hub calls itself; `[a-z0-9][a-z0-9._-]{0,62}` */
  readonly name?: string;
  /** Key, members and mailboxes, in the form of `mesh hub`. Without it nothing outlives the hub. One process at a time. */
  readonly stateDir?: string;
  /** Who becomes a member: `open` everybody, `invite` who has an invite, `allowlist` the ids of `allowlist`. */
  readonly admission?: 'open' | 'invite' | 'allowlist';
  readonly allowlist?: readonly string[];
  readonly logger?: Logger;
}

export interface OpenHub {
  readonly hub: Hub;
  /** After the hub was stopped: lets another process have the folder. */
  release(): void;
}

/** Throws INVALID_ARGUMENT. */
export function checkHubSettings({ name = 'hub', admission = 'open', allowlist = [] }: HubSettings): void {
  parseName(name);
  if (!['open', 'invite', 'allowlist'].includes(admission)) {
    throw new MeshError('INVALID_ARGUMENT', `Not a kind of admission: ${JSON.stringify(admission)}`, {
      hint: 'It is open, invite or allowlist.',
    });
  }
  const stranger = allowlist.find((id) => !isAgentId(id));
  if (stranger === undefined) return;
  throw new MeshError('INVALID_ARGUMENT', `Not the id of an agent: ${JSON.stringify(stranger)}`, {
    hint: 'An id looks like did:key:z6Mk…; see agent.agentId',
  });
}

/** A hub over a folder, or over memory. Rejects with HUB_RUNNING, KEY_FILE_*, STORE_*. */
export async function openHub(settings: HubSettings, clock: Clock): Promise<OpenHub> {
  const { name = 'hub', logger = silentLogger, stateDir } = settings;
  const ports = { clock, random: systemRandom, logger };
  const parts = { ...ports, name, admission: admissionOf(settings), limits: hubLimits };
  if (stateDir === undefined) {
    const self = await readHubKey(await newHubKey({ ...ports, limits: hubLimits }));
    // Made when the first blob comes.
    const blobs = join(tmpdir(), `agent-mesh-hub-${toHex(systemRandom.bytes(8))}`);
    const hub = new Hub({ ...parts, self, store: await openMemoryHubStore(ports), files: blobFilesIn(blobs) });
    return { hub, release: () => rmSync(blobs, { recursive: true, force: true }) };
  }
  const path = resolve(stateDir);
  makeFolder(path);
  const lock = await lockStateDir(path).catch((error: unknown) => {
    if (codeOf(error) !== 'NODE_RUNNING') throw error;
    throw new MeshError('HUB_RUNNING', `A hub or node works on ${path} already`, { cause: error });
  });
  try {
    const self = await readHubKey(await keyIn(path, clock));
    const store = await openSqliteHubStore({ ...ports, path: join(path, 'hub.db') });
    const hub = new Hub({ ...parts, self, store, files: blobFilesIn(join(path, 'blobs')) });
    return { hub, release: () => lock.release() };
  } catch (error) {
    lock.release();
    throw error;
  }
}

function admissionOf({ admission: kind = 'open', allowlist = [] }: HubSettings): HubAdmission {
  return { kind, allowlist: new Set(allowlist.filter(isAgentId)), guests: kind !== 'allowlist' };
}

function makeFolder(path: string): void {
  // The umask may take rights away.
  if (mkdirSync(path, { recursive: true, mode: 0o700 }) !== undefined) chmodSync(path, 0o700);
}

async function keyIn(path: string, clock: Clock): Promise<string> {
  const key = join(path, 'hub-key');
  if (!existsSync(key)) {
    if (existsSync(join(path, 'hub.db'))) {
      // Members know the hub by its key: with a new one the database would be of no use to them.
      throw new MeshError('KEY_FILE_UNREADABLE', `The key file ${key} is missing, and the database is there`, {
        hint: 'Restore the key file from a backup, or move hub.db away to begin a new hub.',
      });
    }
    await writeKeyFile(key, await newHubKey({ random: systemRandom, clock, limits: hubLimits }));
  }
  return readKeyFile(key);
}
