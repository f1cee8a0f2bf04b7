import type { Finding } from '#guard';
import type {
  GuardDirection,
  GuardPlace,
  GuardReader,
  GuardRow,
  GuardVerdict,
  GuardWriter,
  HeldMessage,
  Judged,
  ReviewDecision,
} from '#pipeline';
import type { MessageId } from '#protocol';
import { endCodes } from './codes.ts';
import { int, intOrNull, text, textOrNull } from './columns.ts';
import type { Queries, Row } from './database.ts';
import { reviewUntil } from './inbox-hold.ts';
import { seqSet } from './seq-set.ts';
import type { Shared } from './shared.ts';

/** A bound on how long one call holds everything else up. */
const maxPruned = 50_000;

const codes: Readonly<Record<GuardDirection, number>> = { in: 0, out: 1 };

const openIn = `guard g JOIN inbox i ON i.seq = g.seq JOIN inbox_state s ON s.seq = g.seq
  WHERE g.direction = 0 AND g.action = 'review' AND g.decision IS NULL AND s.not_before = ${reviewUntil} AND +s.phase < 8`;
const openOut = `guard g JOIN outbox o ON o.seq = g.seq
  WHERE g.direction = 1 AND g.action = 'review' AND g.decision IS NULL AND +o.ended = ${endCodes.held}`;

/** What the guard saw. Rows exist only for messages in which it saw something. */
export class Guards implements GuardReader {
  protected readonly queries: Queries;
  readonly #shared: Shared;

  constructor(queries: Queries, shared: Shared) {
    this.queries = queries;
    this.#shared = shared;
  }

  row({ direction, seq }: GuardPlace): GuardRow | undefined {
    const row = this.queries.get('SELECT * FROM guard WHERE direction = ? AND seq = ?', codes[direction], seq);
    return row && guardRowOf(row);
  }

  findings(seqs: readonly number[]): ReadonlyMap<number, readonly Finding[]> {
    if (seqs.length === 0) return new Map();
    const { condition, values } = seqSet(
      'seq',
      seqs.toSorted((a, b) => a - b),
    );
    const rows = this.queries.all(`SELECT seq, findings FROM guard WHERE direction = 0 AND ${condition}`, ...values);
    return new Map(rows.map((row) => [int(row, 'seq'), findingsOf(row)]));
  }

  held(agent: string, limit: number): readonly HeldMessage[] {
    const rows = [
      ...this.queries.all(`SELECT g.*, i.id AS id, i.lane AS lane FROM ${openIn}`),
      ...this.queries.all(`SELECT g.*, o.id AS id, o.lane AS lane FROM ${openOut}`),
    ];
    return rows
      .map((row) => this.#heldOf(row))
      .filter((held) => held.agent === agent)
      .toSorted((a, b) => a.at - b.at)
      .slice(0, limit);
  }

  heldCount(agent: string): { readonly in: number; readonly out: number } {
    const count = (lanes: readonly Row[]): number =>
      lanes
        .filter((row) => this.#shared.lanes.at(int(row, 'lane')).agent === agent)
        .reduce((sum, row) => sum + int(row, 'n'), 0);
    return {
      in: count(this.queries.all(`SELECT i.lane AS lane, count(*) AS n FROM ${openIn} GROUP BY i.lane`)),
      out: count(this.queries.all(`SELECT o.lane AS lane, count(*) AS n FROM ${openOut} GROUP BY o.lane`)),
    };
  }

  #heldOf(row: Row): HeldMessage {
    const { agent, peer } = this.#shared.lanes.at(int(row, 'lane'));
    const direction = int(row, 'direction') === codes.in ? 'in' : 'out';
    return { ...guardRowOf(row), direction, agent, peer, id: text(row, 'id') as MessageId, seq: int(row, 'seq') };
  }
}

export class WritableGuards extends Guards implements GuardWriter {
  put({ direction, seq }: GuardPlace, { verdict, findings, at }: Judged & { readonly at: number }): void {
    const sql = 'INSERT OR REPLACE INTO guard (direction, seq, action, findings, at) VALUES (?, ?, ?, ?, ?)';
    this.queries.run(sql, codes[direction], seq, verdict, JSON.stringify(findings), at);
  }

  decide(
    { direction, seq }: GuardPlace,
    { decision, at }: { readonly decision: ReviewDecision; readonly at: number },
  ): void {
    const sql = 'UPDATE guard SET decision = ?, decided_at = ? WHERE direction = ? AND seq = ?';
    this.queries.run(sql, decision, at, codes[direction], seq);
  }

  prune(): number {
    const gone = (direction: number, table: string): number =>
      this.queries.run(`DELETE FROM guard WHERE direction = ${direction} AND seq IN (SELECT g.seq FROM guard g
        WHERE g.direction = ${direction} AND NOT EXISTS (SELECT 1 FROM ${table} m WHERE m.seq = g.seq) LIMIT ${maxPruned})`);
    return gone(codes.in, 'inbox') + gone(codes.out, 'outbox');
  }
}

function guardRowOf(row: Row): GuardRow {
  const decision = textOrNull(row, 'decision');
  const decidedAt = intOrNull(row, 'decided_at');
  return {
    verdict: text(row, 'action') as GuardVerdict,
    findings: findingsOf(row),
    at: int(row, 'at'),
    ...(decision === null ? {} : { decision: decision as ReviewDecision }),
    ...(decidedAt === null ? {} : { decidedAt }),
  };
}

const findingsOf = (row: Row): readonly Finding[] => JSON.parse(text(row, 'findings')) as readonly Finding[];
