import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { systemRandom } from '#kernel';
import type { LinkSelf } from '#link';
import type { NodeRelay, OpenRelayOptions } from '#node';
import { relayOver } from '../../src/cli/hub/relay.ts';
import { openSqliteHubStore } from '../../src/storage/index.ts';
import { MemoryBlobs } from './memory-blobs.ts';

/** That of `mesh up --relay`, with a key that the test knows and files in memory. */
export async function openTestRelay(options: OpenRelayOptions, self: LinkSelf): Promise<NodeRelay> {
  const { dir, clock, logger } = options;
  mkdirSync(dir, { recursive: true });
  const store = await openSqliteHubStore({ clock, logger, random: systemRandom, path: join(dir, 'hub.db') });
  return relayOver(options, { self, store, files: new MemoryBlobs() });
}
