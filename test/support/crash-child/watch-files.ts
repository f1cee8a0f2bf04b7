import files from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { basename } from 'node:path';
import type { Trigger } from './trigger.ts';

/** From now on every file that gets its name by `rename` meets the trigger, before and after. */
export function watchFiles(trigger: Trigger): void {
  const { rename } = files;
  files.rename = async (from, to) => {
    const name = basename(String(to));
    trigger.meet(`${name}.unnamed`);
    await rename(from, to);
    trigger.meet(`${name}.named`);
  };
  syncBuiltinESMExports();
}
