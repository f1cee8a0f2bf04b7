import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { MeshError } from '#kernel';
import { newBackupPassphrase } from '../backup-passphrase.ts';
import type { Call } from '../call.ts';
import type { Outcome } from '../outcome.ts';
import { shellWord } from '../settings.ts';
import { backupLines } from '../views/backup-lines.ts';
import { size } from '../views/words.ts';

/** One encrypted file with everything of the state folder that a new machine needs; the node goes on meanwhile. */
export async function backup(call: Call): Promise<Outcome> {
  const { args, settings, ports, screen, signal } = call;
  const file = resolve(args.at(0, 'FILE'));
  const force = args.flag('force');
  // Before anybody types a passphrase.
  if (existsSync(file) && !force)
    throw new MeshError('FILE_EXISTS', `${file} exists already`, { data: { path: file } });
  const { makeBackup } = await ports.nodeDoor();
  const passphrase = await newBackupPassphrase(call);
  screen.progress('Copying the database …');
  const made = await makeBackup({
    stateDir: settings.stateDir,
    file,
    passphrase,
    force,
    signal,
    onProgress: ({ bytes, total }) => screen.progress(`Writing ${size(bytes)} of ${size(total)} …`),
  });
  return {
    data: made,
    lines: (paint) => backupLines(made, paint),
    next: [
      'Keep the passphrase apart from the file: whoever has both is your agent.',
      'A new key (rotate-key) needs a new backup.',
      `Prove it now and then: mesh restore ${shellWord(args.at(0, 'FILE'))} --check`,
    ],
    isOtherPassphrase: true,
  };
}
