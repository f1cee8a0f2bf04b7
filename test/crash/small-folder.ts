import { spawnSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { join } from 'node:path';

const chunk = Buffer.alloc(4096);

/** A folder that is a file system of its own, of a few MB: it really gets full. Dispose it, or it stays mounted. */
export class SmallFolder implements Disposable {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  /** Undefined with the reason where mounting is not allowed. */
  static mount(path: string, megabytes: number): SmallFolder | { readonly refused: string } {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    const options = `size=${megabytes}m,mode=700`;
    const { status, stderr, error } = spawnSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', path], {
      encoding: 'utf8',
    });
    if (status === 0) return new SmallFolder(path);
    return { refused: error?.message ?? stderr.trim() };
  }

  /** Not one page is left. */
  fill(): void {
    const file = openSync(this.#filler, 'a');
    try {
      for (;;) writeSync(file, chunk);
    } catch (error) {
      if (!isFull(error)) throw error;
    } finally {
      closeSync(file);
    }
  }

  free(): void {
    rmSync(this.#filler, { force: true });
  }

  get freeBytes(): number {
    const { bavail, bsize } = statfsSync(this.path);
    return bavail * bsize;
  }

  [Symbol.dispose](): void {
    spawnSync('umount', ['-l', this.path]);
  }

  get #filler(): string {
    return join(this.path, 'filler');
  }
}

const isFull = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === 'ENOSPC';
