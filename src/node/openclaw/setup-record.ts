import { createHash } from 'node:crypto';
import { chmodSync, existsSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { MeshError } from '#kernel';
import { readKeyFile, writeFileAtomic, writeKeyFile } from '#storage';
import type { StateDir } from '../state-dir.ts';

const file = z.strictObject({
  path: z.string(),
  kind: z.enum(['mesh.toml', 'openclaw.json', 'secret']),
  /** Absent when there was none. */
  before: z.strictObject({ text: z.string(), mode: z.int() }).optional(),
  /** Hex SHA-256 of what was written. */
  after: z.string(),
  /** mesh.toml: the lines that were added. */
  block: z.string().optional(),
  /** openclaw.json: the values that were written. */
  edits: z
    .array(
      z.strictObject({
        path: z.array(z.string()),
        value: z.unknown(),
        before: z.unknown().optional(),
        isSecret: z.literal(true).optional(),
      }),
    )
    .optional(),
});

const record = z.strictObject({
  agent: z.string(),
  transport: z.enum(['ws', 'hooks', 'plugin']),
  gatewayAgent: z.string(),
  config: z.string(),
  /** In the order of writing. */
  files: z.array(file),
});

/** What a setup wrote, with what was there before: enough to take it back, also when it broke off. */
export type SetupRecord = z.infer<typeof record>;
export type WrittenFile = z.infer<typeof file>;

const recordPath = ({ path }: StateDir): string => join(path, 'openclaw-setup.json');

/** All that were made in the folder. Throws KEY_FILE_UNREADABLE. */
export async function readRecords(state: StateDir): Promise<readonly SetupRecord[]> {
  const path = recordPath(state);
  if (!existsSync(path)) return [];
  try {
    return z.array(record).parse(JSON.parse(await readKeyFile(path)));
  } catch (cause) {
    throw new MeshError('KEY_FILE_UNREADABLE', `${path}, which says what was set up for OpenClaw, cannot be read`, {
      cause: cause instanceof MeshError ? cause : undefined,
      hint: `Take the settings out of mesh.toml and openclaw.json yourself, then delete ${path}`,
    });
  }
}

/** It holds copies of what has secrets in it. */
export async function saveRecords(state: StateDir, records: readonly SetupRecord[]): Promise<void> {
  if (records.length === 0) rmSync(recordPath(state), { force: true });
  else await writeKeyFile(recordPath(state), `${JSON.stringify(records, undefined, 2)}\n`);
}

export const digestOf = (text: string): string => createHash('sha256').update(text).digest('hex');

export function contentOf(path: string): { readonly text: string; readonly mode: number } | undefined {
  if (!existsSync(path)) return undefined;
  return { text: readFileSync(path, 'utf8'), mode: statSync(path).mode & 0o777 };
}

/** Whole or not at all; before its first byte nobody else may read what has secrets in it. */
export async function writeWhole(path: string, text: string, mode: number): Promise<void> {
  if ((mode & 0o077) === 0) await writeKeyFile(path, text);
  else await writeFileAtomic(path, text);
  chmodSync(path, mode);
}
