import { describe, expect, it } from 'vitest';
import { type Clock, type LogFields, type Logger, silentLogger, systemClock } from '#kernel';
import type { Database } from './database.ts';
import { GroupCommit } from './group-commit.ts';
import { openMemoryDatabase } from './open-database.ts';
import { Shared } from './shared.ts';

/** Counts commits, through the statements that a database is asked to run. */
function counted(
  options: {
    clock?: Clock;
    logger?: Logger;
    sync?: () => Promise<void>;
    onBroken?: (error: unknown) => void;
  } = {},
) {
  const database = openMemoryDatabase();
  const ran: string[] = [];
  const run = database.run.bind(database);
  database.run = (sql, ...values) => {
    ran.push(sql);
    return run(sql, ...values);
  };
  const scheduled: (() => void)[] = [];
  const commits = new GroupCommit({
    database,
    shared: new Shared(database),
    clock: options.clock ?? systemClock,
    logger: options.logger ?? silentLogger,
    sync: options.sync,
    onBroken: options.onBroken,
    schedule: (commit) => void scheduled.push(commit),
  });
  const turn = (): void => {
    for (const commit of scheduled.splice(0)) commit();
  };
  const count = (sql: string): number => ran.filter((text) => text === sql).length;
  return { commits, turn, count, scheduled };
}

const set = (key: string) => (queries: Pick<Database, 'run'>) =>
  queries.run('INSERT INTO value (key, text) VALUES (?, ?)', key, 'x');

describe('a group commit', () => {
  it('commits what one turn of the event loop brought once', async () => {
    const { commits, turn, count, scheduled } = counted();
    const works = ['a', 'b', 'c'].map((key) => commits.add(set(key)));
    expect(scheduled).toHaveLength(1);
    turn();
    await Promise.all(works);
    expect([count('COMMIT'), count('SAVEPOINT work')]).toEqual([1, 3]);
    const next = commits.add(set('d'));
    turn();
    await next;
    expect(count('COMMIT')).toBe(2);
  });

  it('spares a single work the savepoint', async () => {
    const { commits, turn, count } = counted();
    const work = commits.add(set('a'));
    turn();
    await work;
    expect([count('COMMIT'), count('SAVEPOINT work'), count('ROLLBACK')]).toEqual([1, 0, 0]);
    const failing = commits.add(() => {
      throw new Error('no');
    });
    turn();
    await expect(failing).rejects.toThrow('no');
    expect([count('COMMIT'), count('ROLLBACK')]).toEqual([1, 1]);
  });

  it('settles no promise before the commit', async () => {
    const { commits, turn } = counted();
    let settled = false;
    const work = commits.add(set('a')).then(() => {
      settled = true;
    });
    await Promise.resolve();
    expect(settled).toBe(false);
    turn();
    await work;
    expect(settled).toBe(true);
  });

  it('takes what is asked for while promises settle into the next commit', async () => {
    const { commits, turn, count } = counted();
    const chained = commits.add(set('a')).then(() => commits.add(set('b')));
    turn();
    await Promise.resolve();
    await Promise.resolve();
    turn();
    await chained;
    expect(count('COMMIT')).toBe(2);
  });

  it('says in the log when the disk is slow, and only then', async () => {
    const lines: (readonly [string, LogFields | undefined])[] = [];
    const logger = { ...silentLogger, warn: (event: string, fields?: LogFields) => void lines.push([event, fields]) };
    let now = 0;
    let step = 0;
    const clock = { ...systemClock, monotonic: () => (now += step) };
    const { commits, turn } = counted({ clock, logger });
    for (step of [500, 501]) {
      const work = commits.add(set(`k${step}`));
      turn();
      await work;
    }
    expect(lines).toEqual([['store.slow-commit', { ms: 501, works: 1 }]]);
  });
});

/** Syncs that end when the test says so. */
function heldSyncs() {
  const held: PromiseWithResolvers<void>[] = [];
  const sync = (): Promise<void> => {
    const one = Promise.withResolvers<void>();
    held.push(one);
    return one.promise;
  };
  return { held, sync };
}

const tracked = (work: Promise<unknown>): { state: string } => {
  const seen = { state: 'pending' };
  work.then(
    () => (seen.state = 'done'),
    () => (seen.state = 'failed'),
  );
  return seen;
};

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('a group commit whose durability is a step of its own', () => {
  it('tells nobody before the log is on the disk', async () => {
    const { held, sync } = heldSyncs();
    const { commits, turn } = counted({ sync });
    const first = tracked(commits.add(set('a')));
    turn();
    await settled();
    expect([first.state, held.length]).toEqual(['pending', 1]);
    held[0]?.resolve();
    await settled();
    expect(first.state).toBe('done');
  });

  it('syncs what is committed during a sync with the next one, never with that', async () => {
    const { held, sync } = heldSyncs();
    const { commits, turn } = counted({ sync });
    const first = tracked(commits.add(set('a')));
    turn();
    const second = tracked(commits.add(set('b')));
    turn();
    const third = tracked(commits.add(set('c')));
    turn();
    held[0]?.resolve();
    await settled();
    expect([first.state, second.state, third.state, held.length]).toEqual(['done', 'pending', 'pending', 2]);
    held[1]?.resolve();
    await settled();
    expect([second.state, third.state, held.length]).toEqual(['done', 'done', 2]);
  });

  it('takes nothing more when it could not make something durable: nobody knows what is on the disk', async () => {
    const { held, sync } = heldSyncs();
    const broken: unknown[] = [];
    const { commits, turn } = counted({ sync, onBroken: (error) => broken.push(error) });
    const first = tracked(commits.add(set('a')));
    turn();
    const during = tracked(commits.add(set('b')));
    turn();
    const asked = tracked(commits.add(set('c')));
    const gone = new Error('the disk is gone');
    held[0]?.reject(gone);
    await settled();
    const later = tracked(commits.add(set('d')));
    turn();
    await settled();
    expect([first, during, asked, later].map(({ state }) => state)).toEqual(['failed', 'failed', 'failed', 'failed']);
    expect([broken, held.length]).toEqual([[gone], 1]);
    await commits.close();
  });

  it('closes only after the last sync', async () => {
    const { held, sync } = heldSyncs();
    const { commits } = counted({ sync });
    const work = tracked(commits.add(set('a')));
    const closed = tracked(commits.close());
    await settled();
    expect([work.state, closed.state]).toEqual(['pending', 'pending']);
    held[0]?.resolve();
    await settled();
    expect([work.state, closed.state]).toEqual(['done', 'done']);
  });
});
