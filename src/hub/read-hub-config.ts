import { existsSync, readFileSync } from 'node:fs';
import type { HubSettings } from './hub-settings.ts';

/** The settings in the file; none without one. No parser is loaded then. Throws INVALID_CONFIG. */
export async function readHubConfig(path: string): Promise<HubSettings> {
  if (!existsSync(path)) return { limits: {} };
  const { parseHubConfig } = await import('./hub-config.ts');
  return parseHubConfig(readFileSync(path, 'utf8'), path);
}
