import { readFileSync } from 'node:fs';
import { MeshError } from '#kernel';
import type { NodeConfig } from './config.ts';

/** The first line of the file, or undefined when none is configured. Throws PASSPHRASE_REQUIRED without one. */
export function readPassphrase({ passphraseFile: path }: Pick<NodeConfig, 'passphraseFile'>): string | undefined {
  if (path === undefined) return undefined;
  const passphrase = readText(path).split(/\r?\n/)[0] ?? '';
  if (passphrase !== '') return passphrase;
  throw new MeshError('PASSPHRASE_REQUIRED', `The passphrase file ${path} has no passphrase`, {
    hint: 'Write the passphrase into the file as its first line.',
  });
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new MeshError('PASSPHRASE_REQUIRED', `The passphrase file ${path} cannot be read`, {
      cause,
      hint: 'Check its name, in mesh.toml or after --passphrase-file, and its permissions.',
    });
  }
}
