// How long a person waits: the node until it is ready, one `mesh send`, and the help text, each as whole processes.
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const launcher = fileURLToPath(new URL('../bin/mesh.cjs', import.meta.url));
const runs = 9;
const settleMs = 2000;

const median = (values: readonly number[]): number =>
  Math.round(values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0);

function mesh(args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(process.execPath, [launcher, ...args], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`mesh ${args.join(' ')} ended with ${status}: ${stderr}`);
  return stdout;
}

function timed(step: () => void): number {
  const startedAt = performance.now();
  step();
  return performance.now() - startedAt;
}

const repeat = (step: () => void): number => median(Array.from({ length: runs }, () => timed(step)));

const freePort = (): Promise<string> =>
  new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(String(typeof address === 'object' && address !== null ? address.port : 0)));
    });
  });

const rssMb = (pid: number): number =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024;

interface Started {
  readonly readyMs: number;
  readonly pid: number;
  stop(): Promise<void>;
}

/** `mesh up` in the foreground; ready when it says so. */
async function up(dir: string): Promise<Started> {
  const args = [launcher, 'up', '--host', '127.0.0.1', '--port', await freePort(), '--api-port', await freePort()];
  const startedAt = performance.now();
  const child = spawn(process.execPath, [...args, '--json', '--state-dir', dir], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  await new Promise<void>((resolve) => child.stdout.once('data', () => resolve()));
  const readyMs = performance.now() - startedAt;
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM');
    await ended;
  };
  return { readyMs, pid: child.pid ?? 0, stop };
}

export async function run(): Promise<Record<string, number>> {
  const folder = mkdtempSync(join(tmpdir(), 'mesh-bench-'));
  const [alice, bob] = [join(folder, 'alice'), join(folder, 'bob')];
  const running: Started[] = [];
  try {
    mesh(['init', '--name', 'alice', '--state-dir', alice]);
    mesh(['init', '--name', 'bob', '--state-dir', bob]);
    const ready: number[] = [];
    for (let n = 0; n < runs; n += 1) {
      const node = await up(alice);
      ready.push(node.readyMs);
      await node.stop();
    }
    running.push(await up(alice), await up(bob));
    await sleep(settleMs);
    const idleRssMb = rssMb(running[0]?.pid ?? 0);
    const { invite } = JSON.parse(mesh(['invite', '--json', '--state-dir', alice])) as { readonly invite: string };
    mesh(['join', invite, '--state-dir', bob]);
    const sendProcessMs = repeat(() => mesh(['send', 'bob', 'hello', '--state-dir', alice]));
    await sleep(settleMs);
    return {
      upReadyMs: median(ready),
      idleRssMb: Math.round(idleRssMb),
      pairedRssMb: Math.round(rssMb(running[0]?.pid ?? 0)),
      sendProcessMs,
      helpMs: repeat(() => mesh(['--help'])),
      bareNodeMs: repeat(() => spawnSync(process.execPath, ['-e', '0'])),
    };
  } finally {
    for (const node of running) await node.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}
