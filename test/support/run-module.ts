import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

export interface RunModule {
  /** Source of an ES module; `#room` imports work. */
  readonly source: string;
  /** As a user without rights, also when the tests run as root, to whom no file is closed. */
  readonly unprivileged?: boolean;
}

const nobody = 65_534;

/** Runs a module in a process of its own and gives what it printed. Throws when it printed errors. */
export function runModule({ source, unprivileged = false }: RunModule): string {
  const user = unprivileged && process.getuid?.() === 0 ? { uid: nobody, gid: nobody } : {};
  const node = spawnSync(process.execPath, ['--conditions=source', '--input-type=module', '-e', source], {
    encoding: 'utf8',
    cwd: join(import.meta.dirname, '../..'),
    ...user,
  });
  if (node.stderr !== '' || node.error !== undefined)
    throw new Error(`The module failed: ${node.stderr}`, { cause: node.error });
  return node.stdout.trim();
}
