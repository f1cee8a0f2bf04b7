import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../..');
const folder = join(root, 'examples');

export const exampleNames = (): readonly string[] => readdirSync(folder).filter((name) => name.endsWith('.ts'));

export interface ExampleRun {
  readonly code: number | null;
  readonly printed: string;
  /** What its last comment says that it prints. */
  readonly promised: string;
  readonly errors: string;
}

/** An example in a process of its own, to its end. */
export async function runExample(name: string): Promise<ExampleRun> {
  const path = join(folder, name);
  const child = spawn(process.execPath, ['--conditions=source', path], {
    cwd: root,
    env: withoutModel(),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [out, err]: [Buffer[], Buffer[]] = [[], []];
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  const [printed, errors] = [Buffer.concat(out).toString(), Buffer.concat(err).toString()];
  return { code, printed, errors, promised: promisedBy(readFileSync(path, 'utf8')) };
}

/** Throws when the example does not say what it prints. */
export function promisedBy(source: string): string {
  const [, comment] = source.split('\n// Prints:\n');
  if (comment === undefined) throw new Error('The example does not end with a comment that begins with: Prints:');
  return comment.replaceAll(/^\/\/ ?/gm, '');
}

/** No example speaks to a model that costs money. */
function withoutModel(): NodeJS.ProcessEnv {
  const { OPENAI_API_KEY: _, ...rest } = process.env;
  return rest;
}
