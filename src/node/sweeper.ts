import { checkpointDue, makeCheckpoint } from '#audit';
import { codeOf } from '#kernel';
import { expireMessages, giveUpMessages } from '#pipeline';
import { hostNamed, type NodeParts } from './parts.ts';

const sweepMs = 30_000;
const pruneMs = 3_600_000;

/** What has to happen now and then: messages expire, waiting lanes are looked at again, old rows go. Ends with the signal. */
export async function sweep(parts: NodeParts, signal: AbortSignal): Promise<void> {
  const { clock, logger } = parts;
  // Also in a node that never runs for long.
  let pruneAt = 0;
  while (!signal.aborted) {
    await clock.sleep(sweepMs, { signal }).catch(() => undefined);
    if (signal.aborted) return;
    try {
      await expire(parts);
      await giveUp(parts);
      for (const host of parts.hosts.values()) host.wakeLanes();
      for (const host of parts.hosts.values()) await host.renewDevice();
      await checkpoint(parts);
      for (const host of parts.hosts.values()) await host.files.upkeep();
      if (clock.monotonic() < pruneAt) continue;
      pruneAt = clock.monotonic() + pruneMs;
      await prune(parts);
    } catch (error) {
      logger.error('sweep.failed', { code: codeOf(error) });
    }
  }
}

async function expire({ hosts, clock }: NodeParts): Promise<void> {
  const [host] = hosts.values();
  if (host === undefined) return;
  while ((await expireMessages(host.desk.ports)) > 0) await clock.turn();
}

async function giveUp({ hosts, clock }: NodeParts): Promise<void> {
  for (const lane of [...hosts.values()].flatMap((host) => host.lanes)) {
    while ((await giveUpMessages(lane)) > 0) await clock.turn();
  }
}

async function checkpoint(parts: NodeParts): Promise<void> {
  const { store, clock } = parts;
  if (!checkpointDue(store.read.audit, parts.limits.auditCheckpointEntries)) return;
  const { name, root } = hostNamed(parts, undefined).agent;
  await store.transact((tx) => makeCheckpoint(tx.audit, { at: clock.now(), agent: name, root }));
}

/** In pieces, each a transaction of its own, so that a full house does not hold everything else up. */
async function prune({ store, clock, limits, hosts }: NodeParts): Promise<void> {
  const now = clock.now();
  const over = { now, before: now - limits.retentionMs, ranMs: limits.retentionMs };
  await store.transact((tx) => tx.history.mark());
  const pieces = [
    () => store.transact((tx) => tx.outbox.prune(over)),
    () => store.transact((tx) => tx.inbox.prune(over)),
    () => store.transact((tx) => tx.budgets.prune()),
    () => store.transact((tx) => tx.guards.prune()),
    () => store.transact((tx) => tx.sources.prune()),
    () => store.transact((tx) => tx.contacts.prune({ now, ranMs: limits.nonceKeptMs })),
    () => store.transact((tx) => tx.sessions.prune({ now, drainedBefore: now - limits.drainingSessionMs })),
  ];
  for (const piece of pieces) while ((await piece()) > 0) await clock.turn();
  for (const host of hosts.values()) await host.files.prune();
}
