import { existsSync, readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { defaultConfig, type NodeConfig } from './config.ts';

/** Reads mesh.toml; defaults where it is silent or absent. Throws INVALID_CONFIG naming the setting and the rule. */
export async function readConfig(path: string): Promise<NodeConfig> {
  if (!existsSync(path)) return defaultConfig;
  const text = readFileSync(path, 'utf8');
  // Most folders keep the template: no parser and no schema is loaded for a file without settings.
  if (text.split('\n').every((line) => /^\s*(\[(node|files|lan|rates|guard)\]\s*)?(#|$)/.test(line)))
    return defaultConfig;
  const { parseConfig } = await import('./config-file.ts');
  const config = { ...defaultConfig, ...parseConfig(text, path) };
  const { passphraseFile } = config;
  // Like all paths in mesh.toml, it starts there.
  return passphraseFile === undefined ? config : { ...config, passphraseFile: resolve(dirname(path), passphraseFile) };
}
