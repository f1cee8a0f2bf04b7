import { join } from 'node:path';
import { Hub, hubLimits, type HubParts, readHubKey } from '#hub';
import type { NodeRelay, OpenRelayOptions } from '#node';
import { blobFilesIn, openSqliteHubStore } from '#storage';
import { hubFolder, keyOf, makeFolder } from './hub-folder.ts';

/** The hub of `mesh up --relay`, over its folder. */
export async function openRelay(options: OpenRelayOptions): Promise<NodeRelay> {
  const { dir, clock, random, logger, onBroken } = options;
  const folder = hubFolder(dir);
  makeFolder(folder);
  return relayOver(options, {
    self: await readHubKey(await keyOf(folder)),
    store: await openSqliteHubStore({ clock, random, logger, path: folder.database, onBroken }),
    files: blobFilesIn(join(dir, 'blobs')),
  });
}

/** A hub for those whom the agents of the node trust, on the node's own listener. */
export function relayOver(
  { clock, random, logger, limits, isFriend }: Omit<OpenRelayOptions, 'dir' | 'onBroken'>,
  kept: Pick<HubParts, 'self' | 'store' | 'files'>,
): NodeRelay {
  const { maxLinks, maxUnauthenticatedLinks } = limits;
  const hub = new Hub({
    ...kept,
    clock,
    random,
    logger,
    name: 'relay',
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
    self: kept.self,
    handler: hub.handler,
    start: () => hub.start(),
    stop: () => hub.stop(),
    forget: async (agentId) => void (await hub.evict(agentId)),
    totals: () => hub.parts.store.totals(),
  };
}
