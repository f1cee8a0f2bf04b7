import type { Priority } from '#protocol';
import type { Dice } from './dice.ts';
import { LineFile, linesOf } from './line-file.ts';

/** One message of the traffic; all of it follows from the seed, the sender and the number. */
export interface Said {
  readonly n: number;
  readonly type: 'notification' | 'request';
  readonly priority: Priority;
  /** With it the sender asks again after a crash that left it without an answer. */
  readonly key?: string;
  readonly text: string;
  /** Its handler throws at the first attempt. */
  readonly fails: boolean;
}

/** What the sender knows of a message. */
export interface Spoken {
  readonly said: Said;
  /** Undefined: the process ended before it got an answer. */
  readonly answer?: { readonly id: string; readonly duplicate: boolean } | { readonly refused: string };
}

export interface SaidOptions {
  readonly dice: Dice;
  readonly n: number;
  /** For a handler that is slow: short messages, of which more fail. */
  readonly gentle: boolean;
}

export function messageNumber({ dice, n, gentle }: SaidOptions): Said {
  const own = dice.for(n);
  const type = own.chance(0.2) ? 'request' : 'notification';
  const size = own.chance(gentle ? 0 : 0.03) ? own.between(5_000, 40_000) : own.between(10, 400);
  return {
    n,
    type,
    priority: own.pick(['normal', 'normal', 'normal', 'normal', 'high', 'low']),
    ...(own.chance(0.7) ? { key: `${dice.seed}#${n}` } : {}),
    text: `${n} ${'x'.repeat(size)}`,
    fails: type === 'notification' && own.chance(gentle ? 0.06 : 0.01),
  };
}

/** What a sender asked of its node and what the node said, written down as it happens. */
export class Ledger {
  readonly #file: LineFile;
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
    this.#file = new LineFile(path);
  }

  asks({ n }: Said): void {
    this.#file.add(`ask ${n}`);
  }

  accepted({ n }: Said, answer: { readonly id: string; readonly duplicate: boolean }): void {
    this.#file.add(`accepted ${n} ${answer.id} ${answer.duplicate}`);
  }

  refused({ n }: Said, code: string): void {
    this.#file.add(`refused ${n} ${code}`);
  }

  /** By number, as far as anything is known of it. */
  answers(): ReadonlyMap<number, Spoken['answer']> {
    return readLedger(this.#path);
  }
}

/** The first answer counts: whoever asks again with the same key hears the same. */
export function readLedger(path: string): ReadonlyMap<number, Spoken['answer']> {
  const answers = new Map<number, Spoken['answer']>();
  for (const line of linesOf(path)) {
    const [word, number, what = '', duplicate] = line.split(' ');
    const n = Number(number);
    if (word === 'ask') answers.set(n, answers.get(n));
    if (word === 'accepted') answers.set(n, { id: what, duplicate: duplicate === 'true' });
    if (word === 'refused') answers.set(n, { refused: what });
  }
  return answers;
}
