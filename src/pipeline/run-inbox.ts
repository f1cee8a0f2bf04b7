import type { AgentId } from '#identity';
import type { InboxMessage, NewOutboxMessage } from '#delivery';
import type { Message, MessageId, MessageType } from '#protocol';
import { mayStartTurn, turnWindowMs } from '#trust';
import { composeAnswer, type Draft } from './compose-message.ts';
import type { Lane, LocalAgent, PipelinePorts } from './lane.ts';
import { outboxRow } from './send.ts';
import type { MeshTransaction } from './store.ts';

export interface Turns {
  readonly agent: LocalAgent;
  readonly ports: PipelinePorts;
  readonly types: readonly MessageType[];
  readonly limit: number;
  /** Done since the last lease: they are completed in the same transaction. */
  readonly handled: readonly Handled[];
}

/**
 * Leases waiting messages to the agent's program and tells their senders `seen`, in one transaction. Tiers decide who may start a turn:
 * messages of the others stay in the inbox.
 */
export async function leaseMessages(turns: Turns): Promise<readonly InboxMessage[]> {
  const { agent, ports, types } = turns;
  const now = ports.clock.now();
  const { exceptSenders, limit } = whoMayStart(turns, now);
  const completion = completionOf(turns.handled);
  const leased = await ports.store.transact((tx) => {
    completion.write(tx);
    if (limit === 0 || types.length === 0) return [];
    const offered = tx.inbox.lease({ agent: agent.name, types, now, limit, exceptSenders });
    for (const [peer, messageIds] of bySender(offered)) {
      tx.outbox.queueReceipt({ agent: agent.name, peer }, { kind: 'seen', messageIds, at: now });
      tx.contacts.countTurns(agent.name, peer, { at: now, count: messageIds.length });
    }
    return offered;
  });
  completion.committed();
  return leased;
}

function whoMayStart(turns: Turns, now: number): { exceptSenders: AgentId[]; limit: number } {
  const { agent, ports } = turns;
  const { contacts } = ports.store.read;
  const exceptSenders: AgentId[] = [];
  let limit = turns.limit;
  for (const contact of contacts.list({ agent: agent.name })) {
    const turnsToday = contact.tier === 'bounded' ? contacts.turnsSince(agent.name, contact.agentId, now - turnWindowMs) : 0;
    const decision = mayStartTurn({ contact, turnsToday, limits: ports.limits });
    if (decision.allowed) limit = Math.min(limit, decision.turnsLeft);
    else exceptSenders.push(contact.agentId);
  }
  return { exceptSenders, limit };
}

function bySender(leased: readonly InboxMessage[]): Map<AgentId, MessageId[]> {
  const groups = new Map<AgentId, MessageId[]>();
  for (const { sender, id } of leased) {
    const group = groups.get(sender);
    if (group === undefined) groups.set(sender, [id]);
    else group.push(id);
  }
  return groups;
}

export interface Handled {
  readonly lane: Lane;
  readonly message: Message;
  /** What the program answered; only a request gets a response. */
  readonly answer: Omit<Draft, 'type'> | undefined;
}

/**
 * The handler is done with these: the end of the leases, the answers and their receipts are one transaction, so an answer is never given
 * twice. All of them are messages of one agent.
 */
export async function completeMessages(handled: readonly Handled[]): Promise<void> {
  const [first] = handled;
  if (first === undefined) return;
  const completion = completionOf(handled);
  await first.lane.ports.store.transact((tx) => completion.write(tx));
  completion.committed();
}

interface Completion {
  write(tx: MeshTransaction): void;
  /** Sends the answers on their way. */
  committed(): void;
}

function completionOf(handled: readonly Handled[]): Completion {
  const done = handled.map((one) => ({ ...one, response: responseRow(one) }));
  return {
    write(tx) {
      for (const { lane, message, response } of done) {
        const agent = lane.agent.name;
        tx.inbox.complete(agent, message.id, response?.id);
        if (response === undefined) continue;
        tx.outbox.insert(response);
        const at = lane.ports.clock.now();
        const receipt = { kind: 'answered', messageId: message.id, answerId: response.id, at } as const;
        tx.outbox.queueReceipt({ agent, peer: lane.peer }, receipt);
      }
    },
    committed() {
      for (const { lane, response } of done) {
        if (response === undefined) continue;
        lane.hasStored = true;
        lane.hasReceipts = true;
        lane.flushSoon();
      }
    },
  };
}

function responseRow({ lane, message, answer }: Handled): NewOutboxMessage | undefined {
  if (answer === undefined || message.type !== 'request') return undefined;
  return outboxRow(lane, composeAnswer(lane, message, answer));
}

export interface Failed {
  readonly lane: Lane;
  readonly message: InboxMessage;
  readonly error: string;
  /** When to offer it again. */
  readonly notBefore: number;
}

/** The handler failed: offered again, or after the last attempt a dead letter with the handler's error. True when it is dead. */
export async function failMessage(failed: Failed): Promise<boolean> {
  const { lane, message, error, notBefore } = failed;
  const { store, clock, limits } = lane.ports;
  const agent = lane.agent.name;
  const dead = message.attempts >= limits.maxHandlerAttempts;
  await store.transact((tx) => {
    if (!dead) {
      tx.inbox.release(agent, message.id, { notBefore, error });
      return;
    }
    tx.inbox.bury(agent, message.id, error);
    if (message.type !== 'request') return;
    const receipt = { kind: 'refused', messageId: message.id, code: 'HANDLER_FAILED', at: clock.now() } as const;
    tx.outbox.queueReceipt({ agent, peer: lane.peer }, receipt);
  });
  if (dead) {
    lane.hasReceipts = true;
    lane.flushSoon();
  }
  return dead;
}
