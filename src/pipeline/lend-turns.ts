import type { MessageId } from '#protocol';
import type { Lane } from './lane.ts';
import { leaseWithin } from './run-inbox.ts';
import type { MeshTransaction } from './store.ts';
import { type LentTurns, nothingLeased } from './turns.ts';

/**
 * Stores messages, and leases them in the same transaction to a program that waits for some: one commit lies between their arrival and
 * their handler. `write` returns the ids of what is new in the inbox.
 */
export async function storeAndLease(
  lane: Lane,
  write: (tx: MeshTransaction) => ReadonlySet<MessageId>,
): Promise<ReadonlySet<MessageId>> {
  const { agent, ports } = lane;
  let lent: LentTurns | undefined;
  let leased = nothingLeased;
  try {
    const done = await lane.deferred.transact((tx) => {
      const ids = write(tx);
      lent = ids.size === 0 ? undefined : ports.lendTurns(agent.name);
      return { ids, leased: lent === undefined ? nothingLeased : leaseWithin(tx, { ...lent, agent, ports }) };
    });
    leased = done.leased;
    return done.ids;
  } finally {
    lent?.giveBack(leased);
  }
}
