import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export interface RunningHub {
  readonly url: string;
  stop(): Promise<void>;
  /** As by a power cut of its machine: nobody is told. */
  kill(): Promise<void>;
}

/** A hub in a process of its own, on a free port. */
export async function startHub(stateDir: string, store?: string): Promise<RunningHub> {
  const main = fileURLToPath(new URL('../src/cli/main.ts', import.meta.url));
  const args = [
    '--conditions=source',
    main,
    'hub',
    '--port',
    '0',
    '--json',
    '--state-dir',
    stateDir,
    ...(store === undefined ? [] : ['--store', store]),
  ];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'ignore'] });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  return {
    url: await urlOf(child),
    stop: async () => {
      child.kill('SIGTERM');
      await ended;
    },
    kill: async () => {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

async function urlOf({ stdout }: ChildProcess): Promise<string> {
  if (stdout === null) throw new Error('the hub has no output');
  let text = '';
  for await (const line of createInterface({ input: stdout })) {
    text += line;
    try {
      return (JSON.parse(text) as { url: string }).url;
    } catch {
      // The document goes over several lines.
    }
  }
  throw new Error(`the hub ended: ${text}`);
}
