import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { codeThrownBy } from '../../../test/support/code-thrown-by.ts';
import { migrate, migrations, tablesOf, versionOf } from './migrate.ts';

const tables = (connection: DatabaseSync): readonly unknown[] =>
  connection
    .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
    .all()
    .map(({ name }) => name);

const first = 'CREATE TABLE one (x)';
const second = 'CREATE TABLE two (x); INSERT INTO two SELECT x FROM one';

describe('migrations', () => {
  it('bring a new database to the newest version', () => {
    const connection = new DatabaseSync(':memory:');
    migrate(connection, 0);
    expect(versionOf(connection, 'p')).toBe(migrations.length);
    expect(tables(connection)).toEqual(tablesOf(migrations.length).toSorted());
  });

  it('run only what a database lacks, and keep its rows', () => {
    const connection = new DatabaseSync(':memory:');
    migrate(connection, 0, [first]);
    connection.exec('INSERT INTO one VALUES (7)');
    expect(versionOf(connection, 'p')).toBe(1);
    migrate(connection, 1, [first, second]);
    migrate(connection, 2, [first, second]);
    expect(versionOf(connection, 'p', 2)).toBe(2);
    expect(connection.prepare('SELECT x FROM two').get()?.x).toBe(7);
  });

  it('leave the old version whole when one fails', () => {
    const connection = new DatabaseSync(':memory:');
    migrate(connection, 0, [first]);
    expect(() => migrate(connection, 1, [first, second, 'NONSENSE'])).toThrow(/syntax error/);
    expect(versionOf(connection, 'p')).toBe(1);
    expect(tables(connection)).toEqual(['one']);
    expect(connection.isTransaction).toBe(false);
  });

  it('know which database is none of ours, or too new', () => {
    const connection = new DatabaseSync(':memory:');
    expect(codeThrownBy(() => versionOf(connection, 'p'))).toBe('STORE_CORRUPT');
    connection.exec('PRAGMA user_version = 1');
    expect(codeThrownBy(() => versionOf(connection, 'p'))).toBe('STORE_CORRUPT');
    const ours = new DatabaseSync(':memory:');
    migrate(ours, 0, [first, second]);
    expect(codeThrownBy(() => versionOf(ours, 'p', 1))).toBe('STORE_TOO_NEW');
    expect(versionOf(ours, 'p', 2)).toBe(2);
  });
});
