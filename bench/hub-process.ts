import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export interface RunningHub {
  readonly url: string;
  /** Its id, by which agents know it. */
  readonly agentId: string;
  readonly pid: number;
  stop(): Promise<void>;
  /** As by a power cut of its machine: nobody is told. */
  kill(): Promise<void>;
}

export interface HubOptions {
  readonly store?: string | undefined;
  /** A free one without it. */
  readonly port?: number;
}

/** `mesh hub` in a process of its own. */
export async function startHub(stateDir: string, { store, port = 0 }: HubOptions = {}): Promise<RunningHub> {
  const main = fileURLToPath(new URL('../src/cli/main.ts', import.meta.url));
  const args = [
    '--conditions=source',
    main,
    'hub',
    '--port',
    String(port),
    '--json',
    '--state-dir',
    stateDir,
    ...(store === undefined ? [] : ['--store', store]),
  ];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'ignore'] });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  return {
    ...(await readyOf(child)),
    pid: child.pid ?? 0,
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

async function readyOf({ stdout }: ChildProcess): Promise<Pick<RunningHub, 'url' | 'agentId'>> {
  if (stdout === null) throw new Error('the hub has no output');
  let text = '';
  for await (const line of createInterface({ input: stdout })) {
    text += line;
    try {
      return JSON.parse(text) as Pick<RunningHub, 'url' | 'agentId'>;
    } catch {
      // The document goes over several lines.
    }
  }
  throw new Error(`the hub ended: ${text}`);
}
