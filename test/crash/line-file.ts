import { closeSync, existsSync, fdatasync, openSync, readFileSync, writeSync } from 'node:fs';
import { promisify } from 'node:util';

const flush = promisify(fdatasync);

/** A file to which lines are only ever added. A line is there when `add` returns, also when the process ends right then. */
export class LineFile {
  readonly #file: number;

  constructor(path: string) {
    this.#file = openSync(path, 'a', 0o600);
  }

  add(line: string): void {
    writeSync(this.#file, `${line}\n`);
  }

  /** Resolves when every line so far would survive the power. */
  async synced(): Promise<void> {
    await flush(this.#file);
  }

  close(): void {
    closeSync(this.#file);
  }
}

/** The whole lines of the file; a last one without its end was not written by a living process. */
export function linesOf(path: string): readonly string[] {
  if (!existsSync(path)) return [];
  return readFileSync(path, 'utf8').split('\n').slice(0, -1);
}
