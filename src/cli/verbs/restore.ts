import { resolve } from 'node:path';
import { backupPassphrase } from '../backup-passphrase.ts';
import type { Call } from '../call.ts';
import type { RestoreDone } from '../node-door.ts';
import type { Outcome } from '../outcome.ts';
import { shellWord } from '../settings.ts';
import { contentsLines, restoredLines } from '../views/backup-lines.ts';

/** A state folder from a backup, on a new machine or beside what is there; with --check only a look into the file. */
export async function restore(call: Call): Promise<Outcome> {
  const { args, settings, ports, screen, signal } = call;
  const file = resolve(args.at(0, 'FILE'));
  const { checkBackup, restoreBackup } = await ports.nodeDoor();
  const passphrase = await backupPassphrase(call);
  screen.progress('Reading the backup …');
  if (args.flag('check')) {
    const contents = await checkBackup({ file, passphrase });
    return {
      data: { ...contents, ok: true },
      lines: (paint) => contentsLines(contents, paint),
      next: [`Restore it: mesh restore ${shellWord(args.at(0, 'FILE'))}`],
      isOtherPassphrase: true,
    };
  }
  const { stateDir } = settings;
  const done = await restoreBackup({ file, passphrase, stateDir, force: args.flag('force'), signal });
  return {
    data: done,
    lines: (paint) => restoredLines(done, paint),
    next: nextSteps(done),
    isOtherPassphrase: true,
  };
}

function nextSteps({ endpoints, missing }: RestoreDone): readonly (string | undefined)[] {
  const first = endpoints[0];
  return [
    missing.length === 0 ? undefined : 'Put the missing files in their place first.',
    first === undefined ? undefined : `Not reached at ${first} any more? Correct mesh.toml.`,
    'Start the node: mesh up --detach',
    'See that all is well: mesh doctor',
  ];
}
