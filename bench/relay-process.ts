import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

export interface RunningRelay {
  /** One line that makes whoever joins with it a friend. */
  invite(): Promise<string>;
  stop(): Promise<void>;
}

const main = fileURLToPath(new URL('../src/cli/main.ts', import.meta.url));
const run = promisify(execFile);

/** A node that keeps mailboxes for those whom it trusts, in a process of its own, on a free port. */
export async function startRelay(stateDir: string, name: string): Promise<RunningRelay> {
  const mesh = async (...args: readonly string[]): Promise<string> => {
    const all = ['--conditions=source', main, ...args, '--state-dir', stateDir, '--json'];
    return (await run(process.execPath, all)).stdout;
  };
  await mesh('init', '--name', name);
  const up = ['--conditions=source', main, 'up', '--relay', '--host', '127.0.0.1', '--port', '0', '--api-port', '0'];
  const child = spawn(process.execPath, [...up, '--state-dir', stateDir, '--json'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  for await (const line of createInterface({ input: child.stdout })) if (line === '}') break;
  return {
    invite: async () => (JSON.parse(await mesh('invite', '--tier', 'trusted')) as { invite: string }).invite,
    stop: async () => {
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      await ended;
    },
  };
}
