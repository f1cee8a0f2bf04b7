import { appendAudit } from '#audit';
import type { Life } from '#identity';
import { forgetKeyPackages } from './key-packages.ts';
import type { MeshTransaction } from './store.ts';

export interface BegunAnew {
  /** Messages to peers that wait to be sealed: some of them may have been delivered by an earlier life, which their ids show. */
  readonly waiting: number;
  /** Messages that the agent's program has not handled, as far as is known here. */
  readonly unhandled: number;
  /** Open invites that were ended. */
  readonly invites: number;
}

/**
 * The agent goes on from a state that may be older than what it has done since. A ratchet that sealed before must not seal again, a key
 * package that was used before must not be joined again, and what may be used once may have been used: all of that ends here. Messages,
 * contacts and deduplication stay. (spec §5.9, §6.9)
 */
export function beginAnew(
  tx: MeshTransaction,
  begin: { readonly agent: string; readonly life: Life; readonly now: number },
): BegunAnew {
  const { agent, life, now } = begin;
  tx.outbox.unsealAll(agent);
  tx.outbox.markRestored(agent, now);
  tx.sessions.deleteSessionsOf(agent);
  forgetKeyPackages(tx, agent);
  const invites = endInvites(tx, agent, now);
  const data = { number: life.number, asOf: life.asOf, invites };
  appendAudit(tx.audit, { at: now, agent, kind: 'agent.restored', data });
  const { waiting, leased } = tx.inbox.counts(agent);
  const depths = tx.outbox.depths(agent);
  return { waiting: depths.reduce((sum, depth) => sum + depth.waiting, 0), unhandled: waiting + leased, invites };
}

/** An invite is good once; whether it was used after the backup nobody here knows. */
function endInvites(tx: MeshTransaction, agent: string, now: number): number {
  const open = tx.contacts.invites(agent).filter(({ usedAt, expiresAt }) => usedAt === undefined && expiresAt > now);
  for (const invite of open) tx.contacts.putInvite({ ...invite, expiresAt: now });
  return open.length;
}
