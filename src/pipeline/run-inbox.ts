import type { ErrorCode } from '#kernel';
import type { AgentId } from '#identity';
import { type Death, FairTurns, type LeasedMessage } from '#delivery';
import type { MessageId, MessageType } from '#protocol';
import { type Contact, mayStartTurn, turnBoundOf } from '#trust';
import { hasRoomForAnswers } from './accept-message.ts';
import { completionOf, type Handled } from './complete-messages.ts';
import { noGuard } from './guard-policy.ts';
import type { Lane, LocalAgent, PipelinePorts } from './lane.ts';
import { maySpendTurn } from './message-budget.ts';
import { withinRate } from './conversation-rate.ts';
import type { MeshReader, MeshTransaction } from './store.ts';
import { type Leased, nothingLeased, type OfferedMessage, type Turns } from './turns.ts';

/** An agent whose program asks for messages. */
export interface Asking {
  readonly agent: LocalAgent;
  readonly ports: PipelinePorts;
  readonly types: readonly MessageType[];
}

/** Leases waiting messages to the agent's program, in one transaction with the end of what it has `handled` since the last lease. */
export async function leaseMessages(turns: Asking & Turns, handled: readonly Handled[]): Promise<Leased> {
  const { store } = turns.ports;
  if (handled.length === 0 && whoMayStart(turns, store.read).senders.size === 0) return nothingLeased;
  const completion = completionOf(handled);
  try {
    const leased = await store.transact((tx) => {
      completion.write(tx);
      return leaseWithin(tx, turns);
    });
    completion.committed();
    return leased;
  } finally {
    completion.ended();
  }
}

/**
 * Leases what waits and tells its senders `seen`. Tiers decide who may start a turn: messages of the others stay in the inbox.
 */
export function leaseWithin(tx: MeshTransaction, asking: Asking & Turns): Leased {
  const { agent, ports, types, limit } = asking;
  const now = ports.clock.now();
  const { senders } = whoMayStart(asking, tx);
  if (senders.size === 0) return nothingLeased;
  const turns = new FairTurns(asking.overtaken, ports.limits);
  const offered = tx.inbox.lease({ agent: agent.name, types, now, limit, senders, turns });
  const buried = offered.flatMap((message) => {
    const death = uselessness(asking, message) ?? exhaustion(asking, tx, message);
    if (death === undefined) return [];
    bury(tx, { agent: agent.name, peer: message.sender, message, ...death });
    return [{ message, reason: death.reason }];
  });
  const dead = new Set(buried.map(({ message }) => message));
  const live = dead.size === 0 ? offered : offered.filter((message) => !dead.has(message));
  const messages = withinRate(tx, asking, live);
  for (const [peer, messageIds] of bySender(messages)) {
    tx.outbox.queueReceipt({ agent: agent.name, peer }, { kind: 'seen', messageIds, at: now });
    tx.contacts.countTurns(agent.name, peer, { at: now, count: messageIds.length });
  }
  return {
    messages: withFindings(tx, ports, messages),
    told: [...bySender(offered).keys()],
    buried,
    overtaken: turns.overtaken,
  };
}

/** What the guard saw in them when they came. */
function withFindings(
  tx: MeshTransaction,
  { guard }: PipelinePorts,
  messages: readonly LeasedMessage[],
): readonly OfferedMessage[] {
  if (guard.policy === noGuard) return messages;
  const findings = tx.guards.findings(messages.map(({ seq }) => seq));
  if (findings.size === 0) return messages;
  return messages.map((message) => {
    const seen = findings.get(message.seq);
    return seen === undefined ? message : { ...message, findings: seen };
  });
}

/** Why a message is not given to the program although it is its turn. */
function uselessness({ ports }: Asking, { expiresAt, attempts, error }: LeasedMessage): Death | undefined {
  const at = ports.clock.now();
  const { maxHandlerAttempts: most } = ports.limits;
  // Its sender said until when it may be acted on: nobody is to be surprised by a program that does so later (spec 11.4).
  if (expiresAt <= at) {
    return { error: 'Its time to live was over before the program took it', reason: 'EXPIRED', at, uncounted: true };
  }
  if (attempts <= most) return undefined;
  // One whose handler took the whole process with it as often as it was offered would do so for ever.
  return { error: error ?? `The node ended ${most} times while the handler was at work`, reason: 'HANDLER_FAILED', at };
}

function exhaustion({ ports }: Asking, tx: MeshTransaction, message: LeasedMessage): Death | undefined {
  if (maySpendTurn(ports, tx, message)) return undefined;
  const error = 'No more turns may follow from what it was sent because of: it waits for a person';
  return { error, reason: 'BUDGET_EXHAUSTED', at: ports.clock.now(), uncounted: true };
}

export interface HeldBack {
  readonly contact: Contact;
  readonly code: ErrorCode;
}

type Readers = Pick<MeshReader, 'contacts' | 'inbox'>;

interface Starters {
  /** Whose messages may start a turn now, and how many of each. */
  readonly senders: ReadonlyMap<AgentId, number>;
  readonly held: readonly HeldBack[];
}

const nobody: Starters = { senders: new Map(), held: [] };

/** Asks only about senders of whom something waits: a thousand contacts cost nothing. */
function whoMayStart({ agent, ports, types }: Asking, { contacts, inbox }: Readers): Starters {
  if (ports.pauses.of(agent.name) !== undefined) return nobody;
  const now = ports.clock.now();
  const senders = new Map<AgentId, number>();
  const held: HeldBack[] = [];
  for (const sender of inbox.waitingSenders(agent.name, types)) {
    const contact = contacts.byAgentId(agent.name, sender);
    // What a removed contact said before stays in the inbox.
    if (contact === undefined) continue;
    // Who takes no answers gets no work done: else what it does not take would fill the disk.
    if (!hasRoomForAnswers(ports, { agent: agent.name, peer: sender })) {
      held.push({ contact, code: 'OUTBOX_FULL' });
      continue;
    }
    const { turns, windowMs } = turnBoundOf(contact.tier, ports.limits);
    const isCounted = turns > 0 && turns < Infinity;
    const turnsStarted = isCounted ? contacts.turnsSince(agent.name, sender, now - windowMs) : 0;
    const decision = mayStartTurn({ contact, turnsStarted, limits: ports.limits });
    if (decision.allowed) senders.set(sender, decision.turnsLeft);
    else held.push({ contact, code: decision.code });
  }
  return { senders, held };
}

/** Contacts of whom something waits that may not start a turn now, and why. */
export const heldBack = (asking: Asking): readonly HeldBack[] => whoMayStart(asking, asking.ports.store.read).held;

/** How often it is looked whether turns are free again, or answers are taken. */
const budgetLookMs = 60_000;

/** When there may be something to lease, in ms since 1970; undefined when that takes a message, or another decision about a contact. */
export function nextLeaseAt(asking: Asking): number | undefined {
  const { agent, ports, types } = asking;
  const { senders, held } = whoMayStart(asking, ports.store.read);
  const offerAt =
    senders.size === 0 ? undefined : ports.store.read.inbox.nextOffer({ agent: agent.name, types, senders });
  const limited = held.some(({ code }) => code === 'TURN_LIMIT' || code === 'OUTBOX_FULL');
  const times = [offerAt, limited ? ports.clock.now() + budgetLookMs : undefined].filter((at) => at !== undefined);
  return times.length === 0 ? undefined : Math.min(...times);
}

function bySender(leased: readonly LeasedMessage[]): Map<AgentId, MessageId[]> {
  const groups = new Map<AgentId, MessageId[]>();
  for (const { sender, id } of leased) {
    const group = groups.get(sender);
    if (group === undefined) groups.set(sender, [id]);
    else group.push(id);
  }
  return groups;
}

export interface Failed {
  readonly lane: Lane;
  readonly message: LeasedMessage;
  readonly error: string;
  readonly reason: ErrorCode;
  /** When to offer it again. */
  readonly notBefore: number;
  /** The node stops, or what handles it is not there: that is nobody's fault, and the attempt does not count. */
  readonly stopped: boolean;
}

/** The handler failed: offered again, or after the last attempt a dead letter with the handler's error. True when it is dead. */
export async function failMessage(failed: Failed): Promise<boolean> {
  const { lane, message, error, reason, notBefore, stopped } = failed;
  const { store, clock, limits } = lane.ports;
  const agent = lane.agent.name;
  const dead = !stopped && message.attempts >= limits.maxHandlerAttempts;
  await store.transact((tx) => {
    if (dead) bury(tx, { agent, peer: lane.peer, message, error, reason, at: clock.now() });
    else tx.inbox.release(agent, message.id, { notBefore, error, uncounted: stopped });
  });
  if (dead) {
    lane.hasReceipts = true;
    lane.flushSoon();
    lane.ports.emit({ type: 'buried', agent, peer: message.sender, ids: [message.id], reason });
  }
  return dead;
}

interface Burial extends Death {
  readonly agent: string;
  /** Who sent it, as it is known now. */
  readonly peer: AgentId;
  readonly message: LeasedMessage;
}

/** Who asked is told that no answer will come; of what expired, who sent it. */
function bury(tx: MeshTransaction, { agent, peer, message, ...death }: Burial): void {
  const { reason, at } = death;
  tx.inbox.bury(agent, message.id, death);
  if (message.type !== 'request' && reason !== 'EXPIRED') return;
  const code =
    reason === 'EXPIRED' || reason === 'BUDGET_EXHAUSTED' || reason === 'GUARD_BLOCKED' ? reason : 'HANDLER_FAILED';
  const receipt = { kind: 'refused', messageId: message.id, code, at } as const;
  tx.outbox.queueReceipt({ agent, peer }, receipt);
}
