import { MeshError } from '#kernel';
import type { Call } from './call.ts';
import { canAsk } from './confirm.ts';
import { readPassphrase } from './passphrase.ts';

/** For a new backup: from the file that is named, else asked for twice. Throws PASSPHRASE_REQUIRED, INVALID_ARGUMENT. */
export async function newBackupPassphrase(call: Call): Promise<string> {
  const given = readPassphrase(call.settings.passphraseFile);
  if (given !== undefined) return given;
  const { stdin } = askingPorts(call);
  const first = await stdin.secret('Passphrase for the backup: ');
  const second = await stdin.secret('The same again: ');
  if (first === second) return first;
  throw new MeshError('INVALID_ARGUMENT', 'The two passphrases differ', { hint: 'Run the command again.' });
}

/** Of a backup that is there: from the file that is named, else asked for. Throws PASSPHRASE_REQUIRED. */
export async function backupPassphrase(call: Call): Promise<string> {
  const given = readPassphrase(call.settings.passphraseFile);
  return given ?? (await askingPorts(call).stdin.secret('Passphrase of the backup: '));
}

function askingPorts(call: Call): Call['ports'] {
  if (canAsk(call)) return call.ports;
  throw new MeshError('PASSPHRASE_REQUIRED', 'A backup has a passphrase, and nobody sits here who could type it', {
    hint: 'Write it into a file as its first line, and name that with --passphrase-file F.',
  });
}
