import type { LeasedMessage } from '#delivery';
import type { LocalAgent, PipelinePorts } from './lane.ts';
import type { MeshTransaction } from './store.ts';

interface Asking {
  readonly agent: LocalAgent;
  readonly ports: PipelinePorts;
}

export const conversationWindowMs = 3_600_000;

/**
 * Those of the messages that start a turn now: a conversation has so many an hour (spec 14.9), and what is over goes back to where it was
 * until one is free. Counts them.
 */
export function withinRate(
  tx: MeshTransaction,
  { agent, ports }: Asking,
  offered: readonly LeasedMessage[],
): readonly LeasedMessage[] {
  const { conversationTurnsPerHour: most } = ports.limits;
  if (most === Infinity) return offered;
  const now = ports.clock.now();
  return offered.filter((leased) => {
    const { sender, id } = leased;
    // Offered again it is the same turn.
    if (leased.attempts > 1) return true;
    if (tx.contacts.byAgentId(agent.name, sender)?.tier === 'owner') return true;
    const { conversationId: conversation } = ports.recent.read(leased);
    const asked = { conversation, now, windowMs: conversationWindowMs, most };
    const freeAt = tx.contacts.turnFreeAt(agent.name, sender, asked);
    if (freeAt === undefined) {
      tx.contacts.countConversationTurn(agent.name, sender, { conversation, at: now });
      return true;
    }
    const error = `Its conversation has had its ${most} turns of an hour: it goes on by itself`;
    tx.inbox.release(agent.name, id, { notBefore: freeAt, error, uncounted: true, unseen: true });
    return false;
  });
}
