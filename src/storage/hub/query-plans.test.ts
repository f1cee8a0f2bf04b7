import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { systemClock, systemRandom } from '#kernel';
import { hubStoreContract } from '../../../test/contracts/hub-store.ts';
import { planOf, RecordingDatabase } from '../../../test/support/recording-database.ts';
import { migrate } from '../sqlite/migrate.ts';
import { beginHubStore, hubMigrations } from './hub-store.ts';

const statements = new Set<string>();

function migrated(): DatabaseSync {
  const connection = new DatabaseSync(':memory:', { enableForeignKeyConstraints: true });
  migrate(connection, 0, hubMigrations);
  return connection;
}

hubStoreContract({
  name: 'recorded',
  open: () =>
    beginHubStore({ clock: systemClock, random: systemRandom }, new RecordingDatabase(migrated(), statements)),
});

/** Statements that read more than they find, and why they may. */
const allowed: readonly RegExp[] = [
  // Two rows.
  /(FROM|UPDATE) sqlite_sequence/,
  // For a person, or a look at the metrics.
  /^SELECT count\(\*\) AS agents/,
  /^SELECT (\*|hash) FROM invite/,
  // When a hub starts.
  /^SELECT name FROM blob$/,
  // Once for every agent that becomes a member.
  /^SELECT count\(\*\) AS count FROM agent WHERE state = 0/,
  // Pages of the directory, in the order of its index.
  /FROM agent WHERE state = 0 AND name > /,
];

const scans = (steps: readonly string[]): readonly string[] => steps.filter((step) => step.startsWith('SCAN'));

describe('the plan of every statement of a hub', () => {
  const connection = migrated();

  it('reads no table from end to end', () => {
    const all = [...statements].filter((sql) => /^\s*(SELECT|INSERT|UPDATE|DELETE)/.test(sql));
    expect(all.length).toBeGreaterThan(60);
    const checked = all.filter((sql) => !allowed.some((pattern) => pattern.test(sql.trim())));
    const slow = checked.map((sql) => [sql, scans(planOf(connection, sql))] as const);
    expect(slow.filter(([, found]) => found.length > 0)).toEqual([]);
  });

  it('would show a scan if there were one', () => {
    expect(scans(planOf(connection, 'SELECT seq FROM frame WHERE size = 1'))).toEqual(['SCAN frame']);
  });

  it('sorts nothing to read a mailbox', () => {
    const reads = [...statements].filter((sql) => /FROM frame WHERE agent = \? AND seq > \? ORDER BY seq/.test(sql));
    expect(reads).toHaveLength(1);
    for (const sql of reads) expect(planOf(connection, sql).join()).not.toContain('TEMP B-TREE');
  });
});
