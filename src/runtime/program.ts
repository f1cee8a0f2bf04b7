import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import type { Clock } from '#kernel';

/**
 * How long a program has between SIGTERM and SIGKILL, and how long its descendants may hold its output open after it
 * ended.
 */
export const killGraceMs = 2000;
const maxStderrBytes = 2048;

export interface ProgramInput {
  /** Started as it is: no shell looks at any part of it. */
  readonly file: string;
  readonly args: readonly string[];
  readonly cwd?: string;
  readonly env: Readonly<Record<string, string>>;
  readonly stdin: string;
  readonly timeoutMs: number;
  readonly maxOutputBytes: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

export type StopReason = 'timeout' | 'aborted' | 'output';

export interface ProgramResult {
  readonly stdout: Uint8Array;
  /** The last 2 KB. */
  readonly stderrTail: string;
  readonly exitCode: number | null;
  readonly exitSignal: string | null;
  /** Why it was ended from here. */
  readonly stopped?: StopReason;
}

/** Runs a program to its end, its descendants included. Rejects only when it cannot be started. */
export function runProgram(input: ProgramInput): Promise<ProgramResult> {
  return new ProgramRun(input).result();
}

class ProgramRun {
  readonly #input: ProgramInput;
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #over = new AbortController();
  readonly #stdout: Buffer[] = [];
  #stdoutBytes = 0;
  #stderr: Buffer = Buffer.alloc(0);
  #stopped: StopReason | undefined;
  #exited = false;

  constructor(input: ProgramInput) {
    this.#input = input;
    // A process group of its own, so that what it starts can be ended with it.
    this.#child = spawn(input.file, input.args, {
      env: input.env,
      detached: true,
      shell: false,
      stdio: 'pipe',
      windowsHide: true,
      ...(input.cwd === undefined ? {} : { cwd: input.cwd }),
    });
  }

  async result(): Promise<ProgramResult> {
    const abort = (): void => this.#stop('aborted');
    const ended = this.#ended();
    this.#collect();
    this.#feed();
    this.#after(this.#input.timeoutMs, () => this.#stop('timeout'));
    this.#input.signal.addEventListener('abort', abort, { once: true });
    if (this.#input.signal.aborted) abort();
    try {
      const { exitCode, exitSignal } = await ended;
      return {
        stdout: Buffer.concat(this.#stdout),
        stderrTail: new TextDecoder().decode(this.#stderr),
        exitCode,
        exitSignal,
        ...(this.#stopped === undefined ? {} : { stopped: this.#stopped }),
      };
    } finally {
      this.#over.abort();
      this.#input.signal.removeEventListener('abort', abort);
    }
  }

  #ended(): Promise<Pick<ProgramResult, 'exitCode' | 'exitSignal'>> {
    return new Promise((resolve, reject) => {
      this.#child.on('error', reject);
      this.#child.once('exit', () => this.#onExit());
      this.#child.once('close', (exitCode, exitSignal) => resolve({ exitCode, exitSignal }));
    });
  }

  #onExit(): void {
    this.#exited = true;
    if (this.#stopped === undefined) this.#after(killGraceMs, () => this.#releasePipes());
    else this.#endGroup();
  }

  #collect(): void {
    this.#child.stdout.on('data', (chunk: Buffer) => {
      this.#stdoutBytes += chunk.length;
      if (this.#stdoutBytes <= this.#input.maxOutputBytes) this.#stdout.push(chunk);
      else this.#stop('output');
    });
    this.#child.stderr.on('data', (chunk: Buffer) => {
      this.#stderr = Buffer.from(Buffer.concat([this.#stderr, chunk]).subarray(-maxStderrBytes));
    });
  }

  #feed(): void {
    // A program that does not read its input closes the pipe (EPIPE): its answer counts, not its appetite.
    this.#child.stdin.on('error', () => {});
    this.#child.stdin.end(this.#input.stdin);
  }

  #stop(reason: StopReason): void {
    if (this.#exited) {
      this.#releasePipes();
      return;
    }
    if (this.#stopped !== undefined) return;
    this.#stopped = reason;
    this.#killGroup('SIGTERM');
    this.#after(killGraceMs, () => this.#endGroup());
  }

  #endGroup(): void {
    this.#killGroup('SIGKILL');
    this.#releasePipes();
  }

  /** A descendant that left the group may hold them for ever. */
  #releasePipes(): void {
    this.#child.stdout.destroy();
    this.#child.stderr.destroy();
  }

  #killGroup(signal: 'SIGTERM' | 'SIGKILL'): void {
    const { pid } = this.#child;
    if (pid === undefined) return;
    try {
      process.kill(-pid, signal);
    } catch {
      // The whole group is gone, or the platform has no groups.
      this.#child.kill(signal);
    }
  }

  #after(ms: number, act: () => void): void {
    this.#input.clock.sleep(ms, { signal: this.#over.signal }).then(act, () => {});
  }
}
