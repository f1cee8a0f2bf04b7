import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface MeshResult {
  /** -1 when a signal ended it. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly stdin?: string;
  readonly environment?: Readonly<Record<string, string>>;
}

const root = join(import.meta.dirname, '..', '..');

/**
 * A state folder of its own, and the real `mesh` as a child process on it. Dispose it: that ends its node and removes
 * the folder.
 */
export class MeshHome implements AsyncDisposable {
  /** The parent of the state folder: for files of the test. */
  readonly dir: string;
  readonly stateDir: string;
  readonly #children = new Set<ChildProcess>();

  constructor(name = 'mesh') {
    this.dir = mkdtempSync(join(tmpdir(), `${name}-`));
    this.stateDir = join(this.dir, 'state');
  }

  /** Runs `mesh WORDS` to its end. */
  run(words: readonly string[], options: RunOptions = {}): Promise<MeshResult> {
    const running = this.start(words, options);
    running.child.stdin?.end(options.stdin ?? '');
    return running.ended;
  }

  /** The JSON that `mesh WORDS --json` prints. Throws when it fails. */
  async json(words: readonly string[], options: RunOptions = {}): Promise<unknown> {
    const { code, stdout, stderr } = await this.run([...words, '--json'], options);
    if (code !== 0) throw new Error(`mesh ${words.join(' ')} ended with ${code}: ${stderr}`);
    return JSON.parse(stdout);
  }

  /** Starts `mesh WORDS` and leaves it running, as a person in another terminal would. */
  start(words: readonly string[], options: RunOptions = {}): RunningMesh {
    const environment = { ...process.env, AGENT_MESH_HOME: this.stateDir, NO_COLOR: '1', ...options.environment };
    const [launcher, ...flags] = launch();
    const child = spawn(process.execPath, [...flags, launcher ?? '', ...words], {
      env: environment,
      cwd: this.dir,
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    this.#children.add(child);
    return new RunningMesh(child);
  }

  /** The process of the node that runs on the folder, as node.json says. */
  nodePid(): number | undefined {
    const path = join(this.stateDir, 'node.json');
    if (!existsSync(path)) return undefined;
    const parsed: unknown = JSON.parse(readFileSync(path, 'utf8'));
    const pid: unknown = typeof parsed === 'object' && parsed !== null && 'pid' in parsed ? parsed.pid : undefined;
    return typeof pid === 'number' ? pid : undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // A node that was started with --detach is no child: only the program itself can wait for its end.
    if (this.nodePid() !== undefined) await this.run(['down']);
    for (const child of this.#children) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    rmSync(this.dir, { recursive: true, force: true });
  }
}

/** A `mesh` that has not ended yet. */
export class RunningMesh {
  readonly child: ChildProcess;
  /** With everything that it wrote. */
  readonly ended: Promise<MeshResult>;
  readonly #wakers = new Set<() => void>();
  #stdout = '';
  #stderr = '';
  #isOver = false;

  constructor(child: ChildProcess) {
    this.child = child;
    child.stdin?.on('error', () => undefined);
    child.stdout?.setEncoding('utf8').on('data', (text: string) => this.#take(() => (this.#stdout += text)));
    child.stderr?.setEncoding('utf8').on('data', (text: string) => this.#take(() => (this.#stderr += text)));
    this.ended = once(child, 'close').then(() => {
      this.#take(() => (this.#isOver = true));
      return { code: child.exitCode ?? -1, stdout: this.#stdout, stderr: this.#stderr };
    });
  }

  /** Resolves with stdout as soon as it matches. Rejects when the program ends without it. */
  output(pattern: RegExp): Promise<string> {
    return this.#until(pattern, () => this.#stdout);
  }

  /** The same for stderr, where notes and progress stand. */
  notes(pattern: RegExp): Promise<string> {
    return this.#until(pattern, () => this.#stderr);
  }

  /** Sends the signal and resolves when the process has ended. */
  end(signal: NodeJS.Signals = 'SIGINT'): Promise<MeshResult> {
    this.child.kill(signal);
    return this.ended;
  }

  async #until(pattern: RegExp, text: () => string): Promise<string> {
    while (!pattern.test(text())) {
      if (this.#isOver) throw new Error(`It ended without ${String(pattern)}: ${this.#stdout}${this.#stderr}`);
      await new Promise<void>((resolve) => this.#wakers.add(resolve));
    }
    return text();
  }

  #take(change: () => unknown): void {
    change();
    for (const wake of this.#wakers) wake();
    this.#wakers.clear();
  }
}

/** The launcher, and the flags of node that it needs. */
export function launch(): readonly string[] {
  const launcher = join(root, 'bin', 'mesh.cjs');
  return existsSync(launcher) ? [launcher] : [join(root, 'src', 'cli', 'main.ts'), '--conditions=source'];
}
