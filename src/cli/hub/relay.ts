import { join } from 'node:path';
import { Hub, hubLimits, readHubKey } from '#hub';
import type { NodeRelay, OpenRelayOptions } from '#node';
import { blobFilesIn, openSqliteHubStore } from '#storage';
import { hubFolder, keyOf, makeFolder } from './hub-folder.ts';

/** The hub of `mesh up --relay`: for those whom the agents of the node trust, on the node's own listener. */
export async function openRelay(options: OpenRelayOptions): Promise<NodeRelay> {
  const { dir, clock, random, logger, isFriend, onBroken } = options;
  const folder = hubFolder(dir);
  makeFolder(folder);
  const self = await readHubKey(await keyOf(folder));
  const { maxLinks, maxUnauthenticatedLinks } = options.limits;
  const hub = new Hub({
    clock,
    random,
    logger,
    self,
    name: 'relay',
    store: await openSqliteHubStore({ clock, random, logger, path: folder.database, onBroken }),
    files: blobFilesIn(join(dir, 'blobs')),
    admission: {
      kind: 'allowlist',
      allowlist: { has: isFriend },
      readmits: true,
      hidesMembers: true,
      // Those who write to the friends.
      guests: true,
    },
    limits: { ...hubLimits, maxLinks, maxUnauthenticatedLinks },
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
