import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { MeshError } from '#kernel';

/** What `node.json` says about the node that works on a state folder. */
export interface RunningNode {
  readonly pid: number;
  readonly apiHost: string;
  readonly apiPort: number;
  /** In ms since 1970. */
  readonly startedAt: number;
}

/** In the state folder. */
export const runningFile = 'node.json';
export const logName = 'node.log';

/** The node that runs on the folder; undefined without one, and for a file that a killed node left behind. */
export function findRunningNode(stateDir: string): RunningNode | undefined {
  const node = parse(readOptional(join(stateDir, runningFile)));
  return node !== undefined && isAlive(node.pid) ? node : undefined;
}

/** The bearer token of the local API. Throws UNAUTHORIZED when this user may not read it. */
export function readApiToken(stateDir: string): string {
  const path = join(stateDir, 'api-token');
  try {
    return readFileSync(path, 'utf8').trim();
  } catch (cause) {
    throw new MeshError('UNAUTHORIZED', `The API token ${path} cannot be read`, {
      cause,
      hint: 'Run the command as the user who started the node.',
    });
  }
}

/** Whether a process with that id runs; one that was killed and not yet reaped by its parent does not. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !isZombie(pid);
  } catch (error) {
    // EPERM: it exists and belongs to somebody else.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/** Linux tells the state of a process behind its name, which stands in brackets (proc_pid_stat(5)). */
function isZombie(pid: number): boolean {
  const stat = readOptional(`/proc/${pid}/stat`);
  return stat !== undefined && /^[ZX]/.test(stat.slice(stat.lastIndexOf(')') + 2));
}

function readOptional(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

function parse(text: string | undefined): RunningNode | undefined {
  if (text === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return isRunningNode(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isRunningNode(value: unknown): value is RunningNode {
  if (typeof value !== 'object' || value === null) return false;
  const { pid, apiHost, apiPort, startedAt } = value as Partial<Record<keyof RunningNode, unknown>>;
  return (
    Number.isInteger(pid) && typeof apiHost === 'string' && Number.isInteger(apiPort) && Number.isFinite(startedAt)
  );
}
