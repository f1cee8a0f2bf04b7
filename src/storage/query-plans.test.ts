import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { silentLogger, systemClock } from '#kernel';
import { storeContract } from '../../test/contracts/store.ts';
import { planOf, RecordingDatabase } from '../../test/support/recording-database.ts';
import { SqliteMeshStore } from './sqlite/mesh-store.ts';
import { migrate } from './sqlite/migrate.ts';

const statements = new Set<string>();

function migrated(): DatabaseSync {
  const connection = new DatabaseSync(':memory:');
  migrate(connection, 0);
  return connection;
}

storeContract({
  name: 'recorded',
  open: async () => {
    const database = new RecordingDatabase(migrated(), statements);
    const schedule = (commit: () => void): void => void setImmediate(commit);
    return new SqliteMeshStore({ database, clock: systemClock, logger: silentLogger, schedule });
  },
});

/** Tables whose size is the history; the others are as large as what is under way, or as the number of contacts. */
const growing = ['outbox', 'inbox', 'inbox_state', 'frame', 'received_frame', 'audit', 'file', 'file_chunk'];

/** Statements that read more than they find, and why they may. */
const allowed: readonly RegExp[] = [
  // Counted once in the life of a process.
  /^SELECT lane, (0|priority|phase \* 16 \+ type \* 3 \+ priority) AS slot, count/,
  // When two keys of a peer are joined.
  /^UPDATE frame SET lane = /,
  // The log is read in order; filters do not save it that.
  /^SELECT seq, at, agent, kind, data, previous, hash FROM audit/,
];

const scans = (steps: readonly string[]): readonly string[] =>
  steps.filter((step) => {
    const [, table] = /^SCAN (\w+)/.exec(step) ?? [];
    return table !== undefined && (growing.includes(table) || ['o', 'i', 's', 'f'].includes(table));
  });

describe('the plan of every statement', () => {
  const connection = migrated();

  it('reads no table from end to end that grows with the history', () => {
    expect(statements.size).toBeGreaterThan(80);
    const checked = [...statements].filter((sql) => !allowed.some((pattern) => pattern.test(sql.trim())));
    const slow = checked.filter((sql) => /^(SELECT|INSERT|UPDATE|DELETE)/.test(sql.trim()));
    expect(slow.map((sql) => [sql, scans(planOf(connection, sql))]).filter(([, found]) => found?.length)).toEqual([]);
  });

  it('would show a scan if there were one', () => {
    expect(scans(planOf(connection, "SELECT id FROM outbox WHERE conversation_id = 'x'"))).toEqual(['SCAN outbox']);
  });

  it('reads no message to count them', () => {
    const counts = [...statements].filter((sql) => /^SELECT .*count\(\*\).* FROM (outbox|inbox_state)/s.test(sql));
    expect(counts.length).toBeGreaterThanOrEqual(5);
    const steps = counts.flatMap((sql) => planOf(connection, sql)).filter((step) => step.includes('outbox'));
    expect(steps.filter((step) => !step.includes('COVERING INDEX'))).toEqual([]);
  });

  it('sorts nothing to find what waits', () => {
    const waiting = [...statements].filter((sql) =>
      /outbox o .*o.priority = \d.*ORDER BY o.seq|FROM inbox_state WHERE .*not_before = 0/s.test(sql),
    );
    expect(waiting.length).toBeGreaterThanOrEqual(4);
    for (const sql of waiting) expect(planOf(connection, sql).join()).not.toContain('TEMP B-TREE');
  });
});
