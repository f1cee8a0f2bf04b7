import { systemRandom } from '#kernel';
import { Hub } from '#hub';
import type { NodeRelay, OpenRelayOptions } from '#node';
import { openSqliteHubStore } from '../../src/storage/index.ts';
import type { LinkSelf } from '#link';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { MemoryBlobs } from './memory-blobs.ts';

/** As `mesh up --relay` makes it, with a key that the test knows. */
export async function openTestRelay(options: OpenRelayOptions, self: LinkSelf): Promise<NodeRelay> {
  const { dir, isFriend, onBroken: _, ...ports } = options;
  mkdirSync(dir, { recursive: true });
  const hub = new Hub({
    ...ports,
    self,
    name: 'relay',
    store: await openSqliteHubStore({ ...ports, random: systemRandom, path: join(dir, 'hub.db') }),
    files: new MemoryBlobs(),
    admission: { kind: 'allowlist', allowlist: { has: isFriend }, readmits: true, hidesMembers: true, guests: true },
  });
  return {
    self,
    handler: hub.handler,
    start: () => hub.start(),
    stop: () => hub.stop(),
    forget: async (agentId) => void (await hub.evict(agentId)),
    totals: () => hub.parts.store.totals(),
  };
}
