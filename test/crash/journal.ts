import { LineFile, linesOf } from './line-file.ts';

/** One call of a handler. */
export interface Turn {
  readonly id: string;
  readonly attempt: number;
  readonly type: string;
  /** The receiver's own name for the sender. */
  readonly from: string;
  /** Number of the message, or of the request that it answers. */
  readonly n: number;
  readonly ended: boolean;
  /** The handler threw. */
  readonly failed: boolean;
}

/** What a handler did, in a file of its own that the mesh knows nothing of. */
export class Journal {
  readonly #file: LineFile;

  constructor(path: string) {
    this.#file = new LineFile(path);
  }

  begin({ id, attempt, type, from, n }: Omit<Turn, 'ended' | 'failed'>): void {
    this.#file.add(`begin ${id} ${attempt} ${type} ${from} ${n}`);
  }

  async end(id: string, attempt: number): Promise<void> {
    this.#file.add(`end ${id} ${attempt}`);
    await this.#file.synced();
  }

  async failed(id: string, attempt: number): Promise<void> {
    this.#file.add(`failed ${id} ${attempt}`);
    await this.#file.synced();
  }
}

/** In the order in which the handlers began. */
export function readJournal(path: string): readonly Turn[] {
  const turns = new Map<string, { -readonly [K in keyof Turn]: Turn[K] }>();
  let calls = 0;
  for (const line of linesOf(path)) {
    const [word, id = '', attempt, type = '', from = '', n] = line.split(' ');
    if (word === 'begin') {
      // The same attempt twice is two calls, which must not become one.
      const name = turns.has(`${id} ${attempt}`) ? `again ${(calls += 1)}` : `${id} ${attempt}`;
      turns.set(name, { id, attempt: Number(attempt), type, from, n: Number(n), ended: false, failed: false });
      continue;
    }
    const turn = turns.get(`${id} ${attempt}`);
    if (turn === undefined) throw new Error(`A handler ended that never began: ${line}`);
    if (word === 'end') turn.ended = true;
    else turn.failed = true;
  }
  return [...turns.values()];
}
