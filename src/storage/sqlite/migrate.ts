import type { DatabaseSync } from 'node:sqlite';
import { MeshError } from '#kernel';
import { init } from './migrations/001-init.ts';
import { blobs } from './migrations/002-blobs.ts';
import { states } from './migrations/003-states.ts';
import { mail } from './migrations/004-mail.ts';
import { budgets } from './migrations/005-budgets.ts';
import { guard } from './migrations/006-guard.ts';
import { corrupt } from './sqlite-error.ts';

/** Version n is reached by the n-th of these; a migration that was released never changes. */
export const migrations: readonly string[] = [init, blobs, states, mail, budgets, guard];

/** ASCII "Mesh": marks our databases (https://www.sqlite.org/fileformat.html §1.3.13). */
export const applicationId = 0x4d657368;

/**
 * The version a database has. Throws STORE_CORRUPT when it is none of ours, STORE_TOO_NEW when this program does not
 * know it.
 */
export function versionOf(connection: DatabaseSync, path: string, known = migrations.length): number {
  const version = pragma(connection, 'user_version');
  if (pragma(connection, 'application_id') !== applicationId || version < 1) throw corrupt(path);
  if (version > known) {
    const text = `The database ${path} has version ${version}, this program knows ${known}`;
    throw new MeshError('STORE_TOO_NEW', text, { data: { path, version, known } });
  }
  return version;
}

/** The tables that a database of this version has. */
export function tablesOf(version: number, steps = migrations): readonly string[] {
  const text = steps.slice(0, version).join('\n');
  return [...new Set([...text.matchAll(/CREATE TABLE (\w+)/g)].map(([, name]) => name ?? ''))];
}

/** Brings a database from version `from` to the newest, in one transaction. */
export function migrate(connection: DatabaseSync, from: number, steps: readonly string[] = migrations): void {
  if (from >= steps.length) return;
  connection.exec('BEGIN IMMEDIATE');
  try {
    for (const step of steps.slice(from)) connection.exec(step);
    connection.exec(`PRAGMA application_id = ${applicationId}; PRAGMA user_version = ${steps.length}`);
    connection.exec('COMMIT');
  } catch (error) {
    if (connection.isTransaction) connection.exec('ROLLBACK');
    throw error;
  }
}

export function pragma(connection: DatabaseSync, name: string): number {
  const value = connection.prepare(`PRAGMA ${name}`).get()?.[name];
  return typeof value === 'number' ? value : 0;
}
