import { defaultLimits, MeshError } from '#kernel';
import type { AgentId } from '#identity';
import { decodeMessage, type Message } from '#protocol';
import {
  afterItsTurn,
  afterUsage,
  type Budget,
  claimedBudget,
  countedBack,
  mayStart,
  nothingLeft,
  type ShareRequest,
  shareOf,
  type Usage,
  usedBy,
  withBack,
  without,
} from '#trust';
import type { InboxMessage, LeasedMessage } from '#delivery';
import type { PipelinePorts } from './lane.ts';
import { sourcesOf } from './provenance.ts';
import type { Source } from './sources.ts';
import type { Spending } from './spendings.ts';
import type { MeshTransaction } from './store.ts';

type Ports = Pick<PipelinePorts, 'store' | 'limits' | 'rootBudget' | 'spendings' | 'recent'>;

/** A message that came in, as the cause of others. */
export interface Cause {
  readonly agent: string;
  readonly seq: number;
  readonly sender: AgentId;
  readonly message: Pick<Message, 'id' | 'budget' | 'provenance'>;
  /** An answer took along what was left. */
  readonly isAnswered: boolean;
}

export const causeOf = (row: InboxMessage, message: Message = decodeMessage(row.body)): Cause => ({
  agent: row.agent,
  seq: row.seq,
  sender: row.sender,
  message,
  isAnswered: row.answerId !== undefined,
});

const claimed = (ports: Pick<Ports, 'limits' | 'rootBudget'>, agent: string, message: Cause['message']): Budget =>
  claimedBudget(message, ports.rootBudget(agent), ports.limits);

const wholeOf = (ports: Ports, { agent, message, isAnswered }: Cause): Budget =>
  isAnswered ? nothingLeft : afterItsTurn(claimed(ports, agent, message));

/** What of the budget of a message may still be given away (spec 14.3). */
export function leftOf(ports: Ports, cause: Cause): Budget {
  const left = ports.store.read.budgets.left(cause.seq) ?? wholeOf(ports, cause);
  const underWay = ports.spendings.of(cause.seq);
  return underWay === undefined ? left : without(left, underWay);
}

/** What a new message says of its budget, and what has to be written with it. */
export interface Share {
  readonly budget?: Budget | undefined;
  readonly spending?: Spending | undefined;
  /** Whose text it may hold. */
  readonly sources?: readonly Source[] | undefined;
}

/**
 * Takes the part of a new message from what is left of its cause; one that nothing caused begins with a budget of its own. The spending has
 * to be ended by whoever asked for it. Throws BUDGET_EXHAUSTED, INVALID_ARGUMENT.
 */
export function takeShare(ports: Ports, { agent, cause, asked }: Sharing): Share {
  if (cause === undefined) return rootShare(ports, agent, asked);
  const budget = shareOf(leftOf(ports, cause), asked);
  return { budget, spending: spend(ports, cause, budget), sources: sourcesOf(ports.store.read, cause) };
}

export interface Sharing {
  readonly agent: string;
  readonly cause: Cause | undefined;
  readonly asked: ShareRequest;
}

/** The answer to a message takes everything along that is left, also when that is nothing (spec 14.5). */
export function takeRest(ports: Ports, cause: Cause, usage: Usage = {}): Share & { readonly spending: Spending } {
  const left = leftOf(ports, cause);
  const sources = sourcesOf(ports.store.read, cause);
  return { budget: afterUsage(left, usage), spending: spend(ports, cause, left), sources };
}

/** A turn that nobody waits for used something. */
export const takeUsage = (ports: Ports, cause: Cause, usage: Usage): Spending => spend(ports, cause, usedBy(usage));

const spend = (ports: Ports, cause: Cause, taken: Budget): Spending =>
  ports.spendings.begin({ cause: cause.seq, whole: wholeOf(ports, cause), taken });

function rootShare({ limits, rootBudget }: Ports, agent: string, asked: ShareRequest): Share {
  const { turns, hops, tokens, costUsd } = asked;
  const usual = rootBudget(agent);
  const priced = { ...(tokens === undefined ? {} : { tokens }), ...(costUsd === undefined ? {} : { costUsd }) };
  const budget = { ...usual, turns: turns ?? usual.turns, hops: hops ?? usual.hops, ...priced };
  checkMost('turns', budget.turns, limits.maxTurnsPerMessage);
  checkMost('hops', budget.hops, limits.maxHops);
  // Nothing said is as much as this (spec 14.2).
  const isUsual =
    Object.keys(priced).length === 0 &&
    budget.turns === defaultLimits.rootTurns &&
    budget.hops === defaultLimits.rootHops;
  return isUsual ? {} : { budget };
}

function checkMost(what: 'turns' | 'hops', value: number, most: number): void {
  if (value <= most) return;
  throw new MeshError('INVALID_ARGUMENT', `A message may cause at most ${most} ${what}, not ${value}`, {
    hint: `Ask for ${most} or less.`,
  });
}

/** In the transaction that stores the message which takes it along. */
export function writeSpending(
  tx: MeshTransaction,
  { agent, id, type }: { readonly agent: string; readonly id: Message['id']; readonly type: Message['type'] },
  spending: Spending,
): void {
  const { cause, whole, taken } = spending;
  tx.budgets.setLeft(cause, without(tx.budgets.left(cause) ?? whole, taken));
  // Only of a request something can come back.
  if (type === 'request') tx.budgets.setGiven(agent, id, { cause, given: taken, back: nothingLeft });
  spending.isWritten = true;
}

/** The answer to a request, whose end in the inbox says already that nothing is left of it. */
export function writeRest(tx: MeshTransaction, spending: Spending, isShared: boolean): void {
  const { cause, whole, taken } = spending;
  const left = tx.budgets.left(cause);
  if (left !== undefined || isShared) tx.budgets.setLeft(cause, without(left ?? whole, taken));
  spending.isWritten = true;
}

interface Answer {
  readonly agent: string;
  readonly sender: AgentId;
  readonly message: Message;
}

/** What an answer says that it brings back, as far as it counts: once, and no more than went out. Undefined for what answers nothing. */
function takeBack(ports: Ports, tx: MeshTransaction, { agent, sender, message }: Answer): Returned | undefined {
  const { correlationId: request } = message;
  if (request === undefined) return undefined;
  const sent = tx.outbox.message(agent, request);
  if (sent?.peer !== sender) return undefined;
  const known = tx.budgets.given(agent, request);
  const given = known?.given ?? claimed(ports, agent, decodeMessage(sent.body));
  const before = known?.back ?? nothingLeft;
  const back = countedBack(claimed(ports, agent, message), { given, before });
  tx.budgets.setGiven(agent, request, { cause: known?.cause, given, back: withBack(before, back) });
  return { back, cause: known?.cause };
}

interface Returned {
  readonly back: Budget;
  readonly cause: number | undefined;
}

/** Somebody waits for the answer: it starts no turn, so what it brings back is there again for whatever asked (spec 14.5). */
export function creditAnswer(ports: Ports, tx: MeshTransaction, answer: Answer): void {
  const { correlationId: request } = answer.message;
  // What nothing caused has no ledger that something could come back to.
  if (request === undefined || tx.budgets.given(answer.agent, request)?.cause === undefined) return;
  const returned = takeBack(ports, tx, answer);
  if (returned?.cause === undefined) return;
  const left = tx.budgets.left(returned.cause);
  if (left !== undefined) tx.budgets.setLeft(returned.cause, withBack(left, returned.back));
}

/**
 * Whether a message that a program is about to get may start its turn (spec 14.4). An answer that starts one brings back what it carries at
 * most once, and at most what went out.
 */
export function maySpendTurn(ports: Ports, tx: MeshTransaction, leased: LeasedMessage): boolean {
  const { agent, seq, sender, type } = leased;
  // Offered again it is the same turn.
  if (leased.attempts > 1) return true;
  const message = ports.recent.read(leased);
  if (type === 'response' && message.correlationId !== undefined) {
    if (tx.budgets.left(seq) !== undefined) return true;
    const returned = takeBack(ports, tx, { agent, sender, message });
    if (returned !== undefined) {
      if (mayStart(returned.back)) tx.budgets.setLeft(seq, afterItsTurn(returned.back));
      return mayStart(returned.back);
    }
  }
  if (message.budget === undefined || mayStart(claimed(ports, agent, message))) return true;
  // Its owner may have given it one of its own.
  const left = tx.budgets.left(seq);
  return left !== undefined && mayStart(left);
}

/** The owner has a message offered to the program once more that nothing may follow from: it begins anew. */
export function grantRoot(ports: Ports, tx: MeshTransaction, { agent, seq }: Pick<Cause, 'agent' | 'seq'>): void {
  tx.budgets.setLeft(seq, afterItsTurn(ports.rootBudget(agent)));
}
