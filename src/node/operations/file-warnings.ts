import type { AgentHost } from '../agent-host.ts';
import type { NodeParts } from '../parts.ts';
import type { Warning } from './peer-warnings.ts';

const almostFull = 0.9;
const maxLooked = 1000;
const megabyte = 1024 * 1024;

/** What keeps files from coming in, and what soon will. */
export function fileWarnings({ store, limits }: NodeParts, host: AgentHost): readonly Warning[] {
  const warnings: Warning[] = [];
  const { files } = store.read;
  const kept = files.usage('in');
  if (kept >= almostFull * limits.maxFileBytes) {
    warnings.push({
      code: 'FILES_FULL',
      message: `Files that came in take ${mb(kept)} of the ${mb(limits.maxFileBytes)} MB that they may: more are refused`,
      hint: 'Make room with: mesh files, mesh files remove ID, or raise maxMb under [files] in mesh.toml.',
    });
  }
  const open = files.list({ agent: host.agent.name, states: ['open'], limit: maxLooked });
  const stuck = open.filter((row) => row.direction === 'in' && host.files.statusOf(row).reason === 'STORE_FULL');
  if (stuck.length > 0) {
    warnings.push({
      code: 'STORE_FULL',
      message: `${stuck.length === 1 ? 'A file waits' : `${stuck.length} files wait`} for room on the disk`,
      hint: `Free some space: ${mb(limits.keepFreeDiskBytes)} MB are left to messages. It goes on by itself then.`,
    });
  }
  return warnings;
}

const mb = (bytes: number): number => Math.ceil(bytes / megabyte);
