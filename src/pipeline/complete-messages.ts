import type { LeasedMessage, NewOutboxMessage } from '#delivery';
import type { Message } from '#protocol';
import type { Usage } from '#trust';
import { composeAnswer, type Draft } from './compose-message.ts';
import type { Judged } from './guard-store.ts';
import { insertHeld, tellHeld } from './hold-message.ts';
import type { Lane } from './lane.ts';
import { type Cause, takeRest, takeUsage, writeRest } from './message-budget.ts';
import { judgeOutbound } from './message-guard.ts';
import { outboxRow } from './send.ts';
import type { Spending } from './spendings.ts';
import type { MeshTransaction } from './store.ts';

export interface Handled {
  readonly lane: Lane;
  readonly message: Message;
  /** Of the lease. */
  readonly seq: number;
  /** What the program answered; only a request gets a response. */
  readonly answer: Omit<Draft, 'type'> | undefined;
  /** What the turn used. */
  readonly usage?: Usage | undefined;
}

/**
 * The handler is done with these: the end of the leases, the answers and their receipts are one transaction, so an answer is never given
 * twice. All of them are messages of one agent.
 */
export async function completeMessages(handled: readonly Handled[]): Promise<void> {
  const [first] = handled;
  if (first === undefined) return;
  const completion = completionOf(handled);
  try {
    await first.lane.ports.store.transact((tx) => completion.write(tx));
    completion.committed();
  } finally {
    completion.ended();
  }
}

interface Completion {
  write(tx: MeshTransaction): void;
  /** It is written, or was undone. */
  ended(): void;
  /** Sends the answers on their way. */
  committed(): void;
}

/** What ends the leases of these, as part of a transaction. */
export function completionOf(handled: readonly Handled[]): Completion {
  const silent: Pick<LeasedMessage, 'seq' | 'id'>[] = [];
  const answered: Answered[] = [];
  const used: Pick<Answered, 'lane' | 'spending'>[] = [];
  for (const one of handled) {
    const answer = answerRow(one);
    if (answer === undefined) {
      silent.push({ seq: one.seq, id: one.message.id });
      if (one.usage !== undefined) used.push({ lane: one.lane, spending: usageOf(one, one.usage) });
    } else answered.push({ lane: one.lane, message: one.message, ...answer });
  }
  return {
    ended() {
      for (const { lane, spending } of [...answered, ...used]) lane.ports.spendings.end(spending);
    },
    write(tx) {
      if (silent.length > 0) tx.inbox.completeAll(silent);
      for (const one of answered) writeAnswer(tx, one);
      for (const { spending } of used) writeRest(tx, spending, true);
    },
    committed() {
      for (const { lane, response, judged } of answered) {
        if (isHeldBack(judged)) tellHeld(lane, response);
        lane.hasStored = true;
        lane.hasReceipts = true;
        lane.flushSoon();
      }
    },
  };
}

interface AnswerRow {
  readonly response: NewOutboxMessage;
  /** It takes along what is left of the budget of its request. */
  readonly spending: Spending;
  /** Others took some of it, or are about to. */
  readonly isShared: boolean;
  /** What the guard saw in it. */
  readonly judged: Judged | undefined;
}

interface Answered extends Pick<Handled, 'lane' | 'message'>, AnswerRow {}

function writeAnswer(tx: MeshTransaction, { lane, message, response, judged, spending, isShared }: Answered): void {
  const { peer } = lane;
  const agent = lane.agent.name;
  tx.inbox.complete(agent, message.id, response.id);
  const at = lane.ports.clock.now();
  // Nobody hears of an answer that may never leave.
  if (isHeldBack(judged)) insertHeld(lane, tx, { message: { ...response, peer }, judged });
  else {
    const seq = tx.outbox.insert({ ...response, peer });
    if (judged !== undefined) tx.guards.put({ direction: 'out', seq }, { ...judged, at });
    const receipt = { kind: 'answered', messageId: message.id, answerId: response.id, at } as const;
    tx.outbox.queueReceipt({ agent, peer }, receipt);
  }
  writeRest(tx, spending, isShared);
}

/** An answer that the guard would block waits, too: its turn is over, and nobody is there who could say it in other words. */
const heldIfBlocked = (judged: Judged | undefined): Judged | undefined =>
  judged?.verdict === 'block' ? { findings: judged.findings, verdict: 'review' } : judged;

const isHeldBack = (judged: Judged | undefined): judged is Judged & { readonly verdict: 'review' } =>
  judged?.verdict === 'review';

function answerRow(handled: Handled): AnswerRow | undefined {
  const { lane, message, seq, answer, usage } = handled;
  if (answer === undefined || message.type !== 'request') return undefined;
  const isShared = lane.ports.spendings.of(seq) !== undefined;
  const { budget, spending, sources } = takeRest(lane.ports, causeIn(handled), usage);
  const response = composeAnswer(lane, message, { ...answer, budget, sources });
  return {
    response: outboxRow(lane, response),
    spending,
    isShared,
    judged: heldIfBlocked(judgeOutbound(lane, response)),
  };
}

const usageOf = (handled: Handled, usage: Usage): Spending => takeUsage(handled.lane.ports, causeIn(handled), usage);

/** A message that the program is done with, as the cause of what it said to it. */
const causeIn = ({ lane: { agent, peer: sender }, message, seq }: Handled): Cause => ({
  agent: agent.name,
  seq,
  sender,
  message,
  isAnswered: false,
});
