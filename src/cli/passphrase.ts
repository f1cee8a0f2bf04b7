import { readFileSync } from 'node:fs';
import { MeshError } from '#kernel';

/** The first line of the file, or undefined when no file is named. Throws INVALID_ARGUMENT. */
export function readPassphrase(path: string | undefined): string | undefined {
  if (path === undefined) return undefined;
  const passphrase = readText(path).split(/\r?\n/)[0] ?? '';
  if (passphrase !== '') return passphrase;
  throw new MeshError('INVALID_ARGUMENT', `--passphrase-file: ${path} has no passphrase`, {
    hint: 'Write the passphrase into the file as its first line.',
  });
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new MeshError('INVALID_ARGUMENT', `--passphrase-file: ${path} cannot be read`, {
      cause,
      hint: 'Check the name and the permissions of the file.',
    });
  }
}
