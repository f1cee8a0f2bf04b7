import type { ErrorCode } from '#kernel';
import type { Contact, PendingExchange, Refusal } from './contact.ts';

// Where a request or an acceptance of ours stands (spec §4.6).

const finalForRequest: ReadonlySet<ErrorCode> = new Set([
  'INVITE_INVALID',
  'INVITE_EXPIRED',
  'INVITE_USED',
  'WRONG_RECIPIENT',
]);
/** NOT_TRUSTED: whoever asked does not ask any more. */
const finalForAcceptance: ReadonlySet<ErrorCode> = new Set(['NOT_TRUSTED', 'WRONG_RECIPIENT']);

/** Refusals that no later attempt changes. */
export const endsExchange = (of: PendingExchange['kind'], code: ErrorCode): boolean =>
  (of === 'request' ? finalForRequest : finalForAcceptance).has(code);

/** The clocks of the two nodes differ: it passes when somebody sets them right, however long that takes. */
export const blamesClock = (code: ErrorCode | undefined): boolean =>
  code === 'TIMESTAMP_STALE' || code === 'TIMESTAMP_FUTURE';

type Underway = Pick<Contact, 'pending' | 'refusal'>;

/** The time for the step is over. How much of it has passed nobody can tell while a clock is wrong. */
export function isOver({ pending, refusal }: Underway, now: number): boolean {
  return pending !== undefined && pending.expiresAt <= now && !blamesClock(refusal?.code);
}

/** The other node does not have our request or acceptance yet, and is called for it. */
export const owesStep = (contact: Underway, now: number): boolean =>
  contact.pending !== undefined && contact.pending.deliveredAt === undefined && !isOver(contact, now);

/** A request of ours waits for an answer, which the other node may not be able to bring to us. */
export const awaitsAnswer = (contact: Underway, now: number): boolean =>
  contact.pending?.kind === 'request' && !isOver(contact, now);

/**
 * `under-way`: it did not reach the other node yet. `delivered`: a request waits there for a person. `refused`: for good.
 * `expired`: no answer came in time; or, of an acceptance, nobody is called for it any more.
 */
export interface ExchangeStanding {
  readonly step: PendingExchange['kind'];
  readonly state: 'under-way' | 'delivered' | 'refused' | 'expired';
  /** When its time is or was over, in ms since 1970. */
  readonly until?: number;
  /** The request shows an invite: no person has to decide. */
  readonly byInvite?: true;
}

/** Where the step stands that this side took; undefined when nothing is open. */
export function exchangeStanding(contact: Underway, now: number): ExchangeStanding | undefined {
  const { pending, refusal } = contact;
  if (pending === undefined) return refusedStep(refusal);
  const { kind: step, expiresAt: until, deliveredAt, invite } = pending;
  const common = { step, until, ...(invite === undefined ? {} : { byInvite: true as const }) };
  if (isOver(contact, now)) return { ...common, state: 'expired' };
  return { ...common, state: deliveredAt === undefined ? 'under-way' : 'delivered' };
}

const refusedStep = (refusal: Refusal | undefined): ExchangeStanding | undefined =>
  refusal === undefined || refusal.of === 'message' ? undefined : { step: refusal.of, state: 'refused' };
