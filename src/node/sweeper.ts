import { checkpointDue, makeCheckpoint } from '#audit';
import { codeOf, nextTurn } from '#kernel';
import { expireMessages } from '#pipeline';
import { hostNamed, type NodeParts } from './parts.ts';

const sweepMs = 30_000;
const pruneMs = 3_600_000;

/** What has to happen now and then: messages expire, waiting lanes are looked at again, old rows go. Ends with the signal. */
export async function sweep(parts: NodeParts, signal: AbortSignal): Promise<void> {
  const { clock, logger } = parts;
  let prunedAt = clock.now();
  while (!signal.aborted) {
    await clock.sleep(sweepMs, { signal }).catch(() => undefined);
    if (signal.aborted) return;
    try {
      await expire(parts);
      wakeLanes(parts);
      await checkpoint(parts);
      if (clock.now() - prunedAt < pruneMs) continue;
      prunedAt = clock.now();
      await prune(parts);
    } catch (error) {
      logger.error('sweep.failed', { code: codeOf(error) });
    }
  }
}

async function expire({ hosts }: NodeParts): Promise<void> {
  const [host] = hosts.values();
  if (host === undefined) return;
  while ((await expireMessages(host.desk.ports)) > 0) await nextTurn();
}

/** A lane that could not store or seal waits for nothing that would wake it; one whose request was delivered asks again. */
function wakeLanes({ hosts }: NodeParts): void {
  for (const host of hosts.values()) {
    if (host.agent.successor !== undefined) continue;
    for (const contact of host.desk.ports.store.read.contacts.list({ agent: host.agent.name })) {
      if (contact.state !== 'trusted' && contact.state !== 'requested-out') continue;
      const lane = host.lane(contact.agentId);
      if (lane.courier.link !== undefined) lane.flushSoon();
      // Also without anything to send: an acceptance may wait at the other side, which may not be able to call us.
      else if (contact.state === 'requested-out') lane.courier.connect();
      else lane.courier.wake();
    }
    host.runner.wake();
  }
}

async function checkpoint(parts: NodeParts): Promise<void> {
  const { store, clock } = parts;
  if (!checkpointDue(store.read.audit, parts.limits.auditCheckpointEntries)) return;
  const { name, root } = hostNamed(parts, undefined).agent;
  await store.transact((tx) => makeCheckpoint(tx.audit, { at: clock.now(), agent: name, root }));
}

/** In pieces, each a transaction of its own, so that a full house does not hold everything else up. */
async function prune({ store, clock, limits }: NodeParts): Promise<void> {
  const now = clock.now();
  const pieces = [
    () => store.transact((tx) => tx.outbox.prune(now - limits.retentionMs)),
    () => store.transact((tx) => tx.inbox.prune({ before: now - limits.retentionMs, now })),
    () => store.transact((tx) => tx.contacts.prune(now)),
    () => store.transact((tx) => tx.sessions.prune({ now, drainedBefore: now - limits.drainingSessionMs })),
  ];
  for (const piece of pieces) while ((await piece()) > 0) await nextTurn();
}
