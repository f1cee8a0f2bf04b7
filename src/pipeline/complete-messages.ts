import type { LeasedMessage, NewOutboxMessage } from '#delivery';
import type { Message } from '#protocol';
import type { Usage } from '#trust';
import { composeAnswer, type Draft } from './compose-message.ts';
import type { Lane } from './lane.ts';
import { type Cause, takeRest, takeUsage, writeRest } from './message-budget.ts';
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
      for (const { lane } of answered) {
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
}

interface Answered extends Pick<Handled, 'lane' | 'message'>, AnswerRow {}

function writeAnswer(tx: MeshTransaction, { lane, message, response, spending, isShared }: Answered): void {
  const { peer } = lane;
  const agent = lane.agent.name;
  tx.inbox.complete(agent, message.id, response.id);
  tx.outbox.insert({ ...response, peer });
  const at = lane.ports.clock.now();
  const receipt = { kind: 'answered', messageId: message.id, answerId: response.id, at } as const;
  tx.outbox.queueReceipt({ agent, peer }, receipt);
  writeRest(tx, spending, isShared);
}

function answerRow(handled: Handled): AnswerRow | undefined {
  const { lane, message, seq, answer, usage } = handled;
  if (answer === undefined || message.type !== 'request') return undefined;
  const isShared = lane.ports.spendings.of(seq) !== undefined;
  const { budget, spending } = takeRest(lane.ports, causeIn(handled), usage);
  return { response: outboxRow(lane, composeAnswer(lane, message, { ...answer, budget })), spending, isShared };
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
