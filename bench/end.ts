import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export interface Report {
  readonly type: string;
  readonly [key: string]: unknown;
}

export interface EndOptions {
  readonly program?: string;
  /** Its card names an address at which nobody listens. */
  readonly unreachable?: boolean;
}

/** An agent in a process of its own (`program` beside this file); talks by IPC only about the measurement. */
export class End {
  readonly #child;
  readonly #waiting = new Map<string, (report: Report) => void>();

  constructor(role: string, dir: string, { program = './pair-end.ts', unreachable = false }: EndOptions = {}) {
    const file = fileURLToPath(new URL(program, import.meta.url));
    this.#child = fork(file, [role, dir, ...(unreachable ? ['unreachable'] : [])], {
      execArgv: ['--conditions=source', ...(process.env['BENCH_EXEC_ARGV']?.split(' ') ?? [])],
    });
    this.#child.on('message', (report: Report) => this.#waiting.get(report.type)?.(report));
    this.#child.on('exit', (code) => {
      if (code !== 0) process.stderr.write(`the ${role} process ended with ${code}\n`);
    });
  }

  async ask(type: string, input: Record<string, unknown> = {}): Promise<Report> {
    const answer = new Promise<Report>((resolve) => this.#waiting.set(type, resolve));
    this.#child.send({ type, ...input });
    return answer;
  }

  async end(): Promise<void> {
    const ended = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.send({ type: 'close' });
    await ended;
  }
}
