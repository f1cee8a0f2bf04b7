import { MeshError } from '#kernel';
import {
  type AgentId,
  decodeIncarnation,
  encodeIncarnation,
  followRotations,
  type Incarnation,
  isLater,
  type VerifiedCard,
} from '#identity';
import type { ChangeDecision, ContactEvent, EventOf } from './contact-event.ts';
import {
  acceptance,
  checkTier,
  type EffectTimes,
  forget,
  pinned,
  settled,
  strip,
  trust,
  union,
} from './contact-fields.ts';
import { type Contact, defaultTier, type PendingExchange, type Tier } from './contact.ts';
import { applyStep } from './exchange-effects.ts';

/** What each event does to the fields; whether it may happen is the table's decision. */
export function applyEvent(contact: Contact, event: ContactEvent, times: EffectTimes): Contact {
  switch (event.type) {
    case 'discover':
      return { ...pinned(contact, event.card), state: 'discovered', routes: union(contact.routes, event.routes) };
    case 'keyChanged':
      return keyChanged(contact, event.card, times.now);
    case 'updateCard':
      return pinned(contact, event.card);
    case 'reborn':
      return reborn(contact, event);
    case 'followRotation':
      return followRotation(contact, event);
    case 'reject':
    case 'approveChange':
    case 'block':
    case 'unblock':
    case 'setTier':
    case 'remove':
    case 'markVerified':
      return applyDecision(contact, event, times);
    default:
      return applyStep(contact, event, times);
  }
}

type DecisionType = 'reject' | 'approveChange' | 'block' | 'unblock' | 'setTier' | 'remove' | 'markVerified';

/** What a person decided. */
function applyDecision(contact: Contact, event: EventOf<DecisionType>, times: EffectTimes): Contact {
  switch (event.type) {
    case 'reject':
      return { ...forget(contact), state: 'rejected' };
    case 'approveChange':
      return event.decision.keep === 'old-key' ? keepOldKey(contact) : takeNewKey(contact, event.decision, times);
    case 'block':
      return block(contact);
    case 'unblock':
      return unblock(contact, event.tier ?? defaultTier, times);
    case 'setTier':
      return setTier(contact, event, times);
    case 'remove':
      return { ...forget(contact), state: 'removed' };
    case 'markVerified':
      return { ...contact, verifiedAt: times.now };
  }
}

function keyChanged(contact: Contact, card: VerifiedCard, now: number): Contact {
  if (card.agentId === contact.agentId) {
    throw new MeshError('INVALID_ARGUMENT', `The key of ${contact.petname} is the pinned one: nothing changed`);
  }
  return { ...contact, state: 'changed', candidate: { card, seenAt: now } };
}

function keepOldKey(contact: Contact): Contact {
  const { candidate: _candidate, ...rest } = contact;
  return { ...rest, state: 'trusted' };
}

type NewKey = Exclude<ChangeDecision, { readonly keep: 'old-key' }>;

/** The trust in the old key does not pass to the new one: it is asked anew, or what it asked is answered. */
function takeNewKey(contact: Contact, decision: NewKey, times: EffectTimes): Contact {
  const { candidate } = contact;
  if (candidate === undefined) throw new MeshError('INTERNAL', 'A changed contact has no candidate');
  const { incarnation: _incarnation, ...known } = strip(contact);
  const asNew: Contact = { ...known, agentId: candidate.card.agentId, card: candidate.card };
  if ('requestNonce' in decision) {
    return trust({ ...asNew, requestNonce: decision.requestNonce }, decision.requestNonce, times);
  }
  const pending: PendingExchange = { kind: 'request', nonce: decision.nonce, expiresAt: times.expiresAt };
  return { ...asNew, state: 'requested-out', pending };
}

/** Keeps what is needed to restore the trust that there was, and nothing that is under way. */
function block(contact: Contact): Contact {
  return { ...settled(contact), state: 'blocked', tier: 'blocked' };
}

function unblock(contact: Contact, tier: Tier, { expiresAt }: EffectTimes): Contact {
  const free = { ...contact, tier: checkTier(tier) };
  if (contact.trustedAt === undefined) return { ...strip(free), state: 'discovered' };
  // The acceptance may have been under way when it was blocked; a second one does no harm.
  const pending = contact.requestNonce === undefined ? {} : { pending: acceptance(contact.requestNonce, expiresAt) };
  return { ...free, ...pending, state: contact.candidate === undefined ? 'trusted' : 'changed' };
}

function setTier(contact: Contact, event: EventOf<'setTier'>, times: EffectTimes): Contact {
  const permissions = event.permissions ?? contact.permissions;
  if (event.tier === 'blocked') return block({ ...contact, permissions });
  const free = contact.state === 'blocked' ? unblock(contact, event.tier, times) : contact;
  return { ...free, tier: event.tier, permissions };
}

function followRotation(contact: Contact, { chain, card }: EventOf<'followRotation'>): Contact {
  const to = followRotations(contact.agentId, chain);
  if (to === contact.agentId) return contact;
  const moved = move(contact, to, card);
  if (contact.candidate?.card.agentId !== to) return moved;
  const { candidate: _candidate, ...explained } = moved;
  return {
    ...explained,
    card: card ?? contact.candidate.card,
    state: contact.state === 'changed' ? 'trusted' : contact.state,
  };
}

function reborn(contact: Contact, { incarnation }: EventOf<'reborn'>): Contact {
  if (incarnation.agentId !== contact.agentId) {
    throw new MeshError(
      'INVALID_ARGUMENT',
      `The incarnation is that of ${incarnation.agentId}, not of ${contact.petname}`,
    );
  }
  return isLater(lifeOf(contact), incarnation) ? contact : { ...contact, incarnation: encodeIncarnation(incarnation) };
}

/** The latest life that the contact has shown. */
export function lifeOf({ incarnation }: Pick<Contact, 'incarnation'>): Incarnation | undefined {
  return incarnation === undefined ? undefined : decodeIncarnation(incarnation);
}

/** The number that a person compared was that of the old key, and its card is no longer true. */
function move(contact: Contact, to: AgentId, card: VerifiedCard | undefined): Contact {
  const { card: oldCard, verifiedAt: _verifiedAt, ...rest } = contact;
  return pinned({ ...rest, agentId: to, routes: union(contact.routes, oldCard?.endpoints) }, card);
}
