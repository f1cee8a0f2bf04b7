import type { Spoken } from './ledger.ts';
import type { Turn } from './journal.ts';
import type { Rows } from './snapshot.ts';

/** Everything that is known of one side at the end: what it said, what its handler did, and what its database holds. */
export interface Account {
  readonly name: string;
  readonly spoken: readonly Spoken[];
  readonly turns: readonly Turn[];
  /** For each end of a process, the ids of the messages that were with the handler then. */
  readonly leasedAtEnds: readonly (readonly string[])[];
  readonly rows: Rows;
}

export type Rule = 'lost' | 'duplicated' | 'outOfOrder' | 'untruthful';

export interface Violation {
  readonly rule: Rule;
  readonly sender: string;
  readonly n: number;
  readonly id: string | undefined;
  readonly says: string;
}

export interface Tally {
  /** Accepted: `send` returned. */
  readonly sent: number;
  /** Of those, handled to the end. */
  readonly handled: number;
  /** Calls of a handler beyond the first of a message, each after the end of a process or a failure. */
  readonly repeated: number;
}

/** What became of everything that `from` said to `to`. Both are quiet: nothing is on its way any more. */
export function check(from: Account, to: Account): readonly Violation[] {
  const way = new Way(from, to);
  return [
    ...from.spoken.flatMap((spoken) => way.isLost(spoken)),
    ...way.doubled(),
    ...way.outOfOrder(),
    ...from.spoken.flatMap((spoken) => way.isUntrue(spoken)),
  ];
}

export function tally(from: Account, to: Account): Tally {
  const ended = new Set(to.turns.filter(({ ended: done }) => done).map(({ id }) => id));
  const accepted = from.spoken.flatMap(({ answer }) => (answer !== undefined && 'id' in answer ? [answer.id] : []));
  const said = to.turns.filter(({ type }) => type !== 'response');
  return {
    sent: accepted.length,
    handled: accepted.filter((id) => ended.has(id)).length,
    repeated: said.length - new Set(said.map(({ id }) => id)).size,
  };
}

class Way {
  readonly #from: Account;
  readonly #to: Account;
  /** Calls of the receiver's handler for what this sender said, answers apart. */
  readonly #turns: readonly Turn[];
  readonly #turnsById: ReadonlyMap<string, readonly Turn[]>;
  readonly #spoken: ReadonlyMap<number, Spoken>;
  readonly #outbox: ReadonlyMap<string, Rows['outbox'][number]>;
  readonly #inbox: ReadonlyMap<string, Rows['inbox'][number]>;
  /** What came back, by the request that it answers. */
  readonly #answers: ReadonlyMap<string | undefined, Rows['inbox']>;

  constructor(from: Account, to: Account) {
    this.#from = from;
    this.#to = to;
    this.#turns = to.turns.filter(({ type }) => type !== 'response');
    this.#turnsById = Map.groupBy(this.#turns, ({ id }) => id);
    this.#spoken = new Map(from.spoken.map((spoken) => [spoken.said.n, spoken]));
    this.#outbox = new Map(from.rows.outbox.map((row) => [row.id, row]));
    this.#inbox = new Map(to.rows.inbox.map((row) => [row.id, row]));
    const answers = from.rows.inbox.filter(({ type }) => type === 'response');
    this.#answers = Map.groupBy(answers, ({ correlationId }) => correlationId);
  }

  isLost({ said, answer }: Spoken): readonly Violation[] {
    if (answer === undefined || 'refused' in answer) return [];
    const turns = this.#turnsById.get(answer.id) ?? [];
    if (turns.some(({ ended }) => ended)) return [];
    const what = turns.length === 0 ? 'was never handed to the handler' : 'was never handled to the end';
    return [this.#violation('lost', { n: said.n, id: answer.id, says: `accepted, and ${what}` })];
  }

  doubled(): readonly Violation[] {
    return [...Map.groupBy(this.#turns, ({ n }) => n)].flatMap(([n, turns]) => [
      ...this.#otherIds(n, turns),
      ...[...Map.groupBy(turns, ({ id }) => id)].flatMap(([id, same]) => this.#tooOften({ n, id, turns: same })),
    ]);
  }

  /** First calls per priority, in the order in which they began. */
  outOfOrder(): readonly Violation[] {
    const latest = new Map<string, number>();
    const seen = new Set<string>();
    return this.#turns.flatMap(({ id, n }) => {
      const said = this.#spoken.get(n)?.said;
      if (said === undefined || seen.has(id)) return [];
      seen.add(id);
      const before = latest.get(said.priority) ?? 0;
      latest.set(said.priority, Math.max(before, n));
      if (n >= before) return [];
      const says = `handled after ${before}, which has the same priority (${said.priority}) and was accepted later`;
      return [this.#violation('outOfOrder', { n, id, says })];
    });
  }

  isUntrue({ said, answer }: Spoken): readonly Violation[] {
    if (answer === undefined || 'refused' in answer) return [];
    const { n } = said;
    const { id } = answer;
    const row = this.#outbox.get(id);
    const problem = row === undefined ? 'accepted, and not in the outbox' : this.#problemOf(row, said.type);
    return problem === undefined ? [] : [this.#violation('untruthful', { n, id, says: problem })];
  }

  #problemOf({ id, state, reason, answerId }: Rows['outbox'][number], type: string): string | undefined {
    const there = this.#inbox.get(id);
    if (there === undefined) return `shown as ${state}, and the receiver does not have it`;
    if (there.state !== 'handled') return `in the inbox as ${there.state} when all is quiet: ${there.error ?? ''}`;
    const wanted = type === 'request' ? 'answered' : 'seen';
    if (state !== wanted) return `shown as ${state} ${reason ?? ''} when all is quiet, and it was handled`;
    if (type !== 'request') return undefined;
    const answers = this.#answers.get(id) ?? [];
    const [answer] = answers;
    if (answers.length !== 1 || answer?.id !== answerId)
      return `answered by ${answerId}, and ${answers.length} answers came`;
    return undefined;
  }

  #otherIds(n: number, turns: readonly Turn[]): readonly Violation[] {
    const [first, ...others] = new Set(turns.map(({ id }) => id));
    if (!this.#spoken.has(n)) {
      return [this.#violation('duplicated', { n, id: first, says: 'handled, and the sender never said it' })];
    }
    if (others.length === 0) return [];
    return [this.#violation('duplicated', { n, id: first, says: `handled also as ${others.join(', ')}` })];
  }

  /** Each further attempt needs an end of the process while the handler had the message, or a failure. */
  #tooOften({ n, id, turns }: { n: number; id: string; turns: readonly Turn[] }): readonly Violation[] {
    const attempts = turns.map(({ attempt }) => attempt);
    if (new Set(attempts).size < attempts.length) {
      return [this.#violation('duplicated', { n, id, says: `handled twice in attempt ${attempts.join(', ')}` })];
    }
    const failed = turns.filter((turn) => turn.failed).length;
    const ends = this.#to.leasedAtEnds.filter((leased) => leased.includes(id)).length;
    if (turns.length <= 1 + failed + ends) return [];
    const says = `handled ${turns.length} times; ${failed} failed, ${ends} were under way when the process ended`;
    return [this.#violation('duplicated', { n, id, says })];
  }

  #violation(rule: Rule, what: Omit<Violation, 'rule' | 'sender'>): Violation {
    return { rule, sender: this.#from.name, ...what };
  }
}
