import { existsSync, readFileSync, rmSync } from 'node:fs';
import { systemRandom, toBase64url } from '#kernel';
import { readKeyFile, writeFileAtomic, writeKeyFile } from '#storage';
import type { Address } from './parts.ts';
import type { StateDir } from './state-dir.ts';

const tokenBytes = 32;

/** The bearer token of the local API: made once, 0600 from the moment it exists. Throws KEY_FILE_PERMISSIONS. */
export async function apiToken(state: StateDir): Promise<string> {
  if (!existsSync(state.token)) await writeKeyFile(state.token, `${toBase64url(systemRandom.bytes(tokenBytes))}\n`);
  return (await readKeyFile(state.token)).trim();
}

/** Tells the command line where the running node is. */
export async function writeRunning(
  state: StateDir,
  facts: { readonly api: Address; readonly startedAt: number },
): Promise<void> {
  const { api, startedAt } = facts;
  const running = { pid: process.pid, apiHost: api.host, apiPort: api.port, startedAt };
  await writeFileAtomic(state.running, `${JSON.stringify(running)}\n`);
}

/** Only the file of this process: another node may have started meanwhile. */
export function removeRunning(state: StateDir): void {
  if (!existsSync(state.running)) return;
  const parsed: unknown = JSON.parse(readFileSync(state.running, 'utf8'));
  if (typeof parsed === 'object' && parsed !== null && 'pid' in parsed && parsed.pid === process.pid) {
    rmSync(state.running, { force: true });
  }
}
