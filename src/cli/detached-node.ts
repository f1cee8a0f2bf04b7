import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, existsSync, fstatSync, mkdirSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { type Clock, isErrorCode, MeshError } from '#kernel';
import type { NodeReady } from './node-door.ts';
import { logName } from './running-node.ts';
import type { Settings } from './settings.ts';
import { parseStartReport } from './start-report.ts';
import { visibleBlock } from './terminal-text.ts';

export interface DetachedOptions {
  readonly settings: Settings;
  readonly listen: {
    readonly host?: string;
    readonly port?: number;
    readonly apiPort?: number;
    readonly endpoint?: string;
    readonly lan?: boolean;
    readonly relay?: boolean;
  };
  readonly takeOver: boolean;
  readonly signal: AbortSignal;
  readonly clock: Clock;
}

export interface DetachedNode {
  readonly pid: number;
  readonly info: NodeReady;
  readonly logFile: string;
}

const startMs = 60_000;
/** MB of memory for what is new. A node makes much that lives for a moment, and would keep some 40 MB more for it than it needs. */
const youngMemory = '--max-semi-space-size=8';
const tailBytes = 2000;

/**
 * Starts this program again as a process of its own and resolves when its node is ready; rejects with the error it
 * could not start for.
 */
export async function startDetached(options: DetachedOptions): Promise<DetachedNode> {
  const { settings, signal, clock } = options;
  const logFile = join(settings.stateDir, logName);
  if (!existsSync(settings.stateDir)) throw new MeshError('NOT_INITIALIZED', `${settings.stateDir} holds no agent yet`);
  const log = openLog(logFile);
  const before = fstatSync(log).size;
  const child = spawn(process.execPath, commandOf(options), {
    detached: true,
    stdio: ['ignore', log, log, 'ipc'],
  });
  closeSync(log);
  const waiting = new AbortController();
  try {
    const late = clock.sleep(startMs, { signal: AbortSignal.any([waiting.signal, signal]) }).then((): never => {
      throw new MeshError('TIMEOUT', `The node was not ready after ${startMs / 1000} s`, {
        hint: `Look into ${logFile}`,
      });
    });
    const info = await Promise.race([readiness(child, { logFile, before }), late]);
    return { pid: child.pid ?? 0, info, logFile };
  } catch (error) {
    child.kill('SIGTERM');
    throw error;
  } finally {
    waiting.abort();
    if (child.connected) child.disconnect();
    child.unref();
  }
}

function openLog(path: string): number {
  mkdirSync(join(path, '..'), { recursive: true, mode: 0o700 });
  return openSync(path, 'a', 0o600);
}

/** This program with its own flags of node, whether it runs from its sources or from an installed package. */
function commandOf({ settings, listen, takeOver }: DetachedOptions): readonly string[] {
  const flags: readonly (readonly [string, string | number | undefined])[] = [
    ['--state-dir', settings.stateDir],
    ['--passphrase-file', settings.passphraseFile],
    ['--host', listen.host],
    ['--port', listen.port],
    ['--api-port', listen.apiPort],
    ['--endpoint', listen.endpoint],
  ];
  const given = flags.flatMap(([flag, value]) => (value === undefined ? [] : [flag, String(value)]));
  return [
    ...process.execArgv,
    youngMemory,
    process.argv[1] ?? '',
    'up',
    '--report-ready',
    ...(takeOver ? ['--take-over'] : []),
    ...(listen.lan === true ? ['--lan'] : []),
    ...(listen.relay === true ? ['--relay'] : []),
    ...given,
  ];
}

function readiness(
  child: ChildProcess,
  log: { readonly logFile: string; readonly before: number },
): Promise<NodeReady> {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.on('message', (message) => {
      const report = parseStartReport(message);
      if (report?.type === 'ready') resolve(report.info);
      if (report?.type === 'failed') reject(failureOf(report.error));
    });
    // A report that was sent before the end arrives before it.
    child.once('exit', (code, signal) => {
      const tail = visibleBlock(tailOf(log)).trim();
      const how = signal === null ? `with code ${code ?? 1}` : `by ${signal}`;
      reject(
        new MeshError('INTERNAL', `The node ended ${how} before it was ready${tail === '' ? '' : `: ${tail}`}`, {
          hint: `Look into ${log.logFile}`,
        }),
      );
    });
  });
}

function failureOf({
  code,
  message,
  hint,
}: {
  readonly code: string;
  readonly message: string;
  readonly hint: string;
}): MeshError {
  return new MeshError(isErrorCode(code) ? code : 'INTERNAL', message, { hint });
}

/** The end of what the child wrote into the log. */
function tailOf({ logFile, before }: { readonly logFile: string; readonly before: number }): string {
  const log = openSync(logFile, 'r');
  try {
    const from = Math.max(before, fstatSync(log).size - tailBytes);
    const bytes = Buffer.alloc(tailBytes);
    return bytes.toString('utf8', 0, readSync(log, bytes, 0, tailBytes, from));
  } finally {
    closeSync(log);
  }
}
