import type { MessageId } from '#protocol';
import type { Budget, BudgetReader, BudgetWriter, Given } from '#trust';
import { int, intOrNull, orNull, real } from './columns.ts';
import type { Queries, Row } from './database.ts';

/** A bound on how long one call holds everything else up. */
const maxPruned = 50_000;

export class Budgets implements BudgetReader {
  protected readonly queries: Queries;

  constructor(queries: Queries) {
    this.queries = queries;
  }

  left(seq: number): Budget | undefined {
    const row = this.queries.get('SELECT turns, hops, tokens, cost_usd FROM budget WHERE seq = ?', seq);
    return row && budgetOf(row, '');
  }

  given(agent: string, message: MessageId): Given | undefined {
    const row = this.queries.get('SELECT * FROM budget_given WHERE message = ? AND agent = ?', message, agent);
    if (row === undefined) return undefined;
    return { cause: intOrNull(row, 'cause') ?? undefined, given: budgetOf(row, ''), back: budgetOf(row, 'back_') };
  }
}

export class WritableBudgets extends Budgets implements BudgetWriter {
  setLeft(seq: number, { turns, hops, tokens, costUsd }: Budget): void {
    this.queries.run(
      `INSERT INTO budget (seq, turns, hops, tokens, cost_usd) VALUES (?, ?, ?, ?, ?) ON CONFLICT (seq) DO UPDATE SET
       turns = excluded.turns, hops = excluded.hops, tokens = excluded.tokens, cost_usd = excluded.cost_usd`,
      seq,
      turns,
      hops,
      orNull(tokens),
      orNull(costUsd),
    );
  }

  setGiven(agent: string, message: MessageId, { cause, given, back }: Given): void {
    this.queries.run(
      `INSERT OR REPLACE INTO budget_given (message, agent, cause, turns, hops, tokens, cost_usd, back_turns, back_tokens,
       back_cost_usd) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      message,
      agent,
      orNull(cause),
      given.turns,
      given.hops,
      orNull(given.tokens),
      orNull(given.costUsd),
      back.turns,
      orNull(back.tokens),
      orNull(back.costUsd),
    );
  }

  prune(): number {
    const left = `DELETE FROM budget WHERE seq IN (SELECT b.seq FROM budget b WHERE NOT EXISTS
      (SELECT 1 FROM inbox i WHERE i.seq = b.seq) LIMIT ${maxPruned})`;
    const given = `DELETE FROM budget_given WHERE message IN (SELECT g.message FROM budget_given g WHERE NOT EXISTS
      (SELECT 1 FROM outbox o WHERE o.id = g.message) LIMIT ${maxPruned})`;
    return this.queries.run(left) + this.queries.run(given);
  }
}

function budgetOf(row: Row, prefix: '' | 'back_'): Budget {
  const tokens = intOrNull(row, `${prefix}tokens`);
  return {
    turns: int(row, `${prefix}turns`),
    hops: prefix === '' ? int(row, 'hops') : 0,
    ...(tokens === null ? {} : { tokens }),
    ...(row[`${prefix}cost_usd`] === null ? {} : { costUsd: real(row, `${prefix}cost_usd`) }),
  };
}
