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
import { type Contact, defaultTier, type PendingExchange, type Tier } from './contact.ts';

export interface EffectTimes {
  readonly now: number;
  /** When a request or acceptance that begins now is given up. */
  readonly expiresAt: number;
}

/** What each event does to the fields; whether it may happen is the table's decision. */
export function applyEvent(contact: Contact, event: ContactEvent, times: EffectTimes): Contact {
  switch (event.type) {
    case 'discover':
      return { ...pinned(contact, event.card), state: 'discovered', routes: union(contact.routes, event.routes) };
    case 'requestOut':
      return requestOut(contact, event, times);
    case 'requestIn':
      return requestIn(contact, event, times);
    case 'redeem':
      return redeem(contact, event, times);
    case 'accepted':
      return accepted(contact, event, times);
    case 'confirmed':
      return confirmed(contact, event.nonce, times.now);
    case 'keyChanged':
      return keyChanged(contact, event.card, times.now);
    case 'updateCard':
      return pinned(contact, event.card);
    case 'reborn':
      return reborn(contact, event);
    case 'followRotation':
      return followRotation(contact, event);
    default:
      return applyDecision(contact, event, times);
  }
}

type DecisionType =
  | 'approve'
  | 'reject'
  | 'approveChange'
  | 'block'
  | 'unblock'
  | 'setTier'
  | 'remove'
  | 'markVerified';

/** What a person decided. */
function applyDecision(contact: Contact, event: EventOf<DecisionType>, times: EffectTimes): Contact {
  switch (event.type) {
    case 'approve':
      return approve(contact, event, times);
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

function requestOut(contact: Contact, event: EventOf<'requestOut'>, { expiresAt }: EffectTimes): Contact {
  if (event.card === undefined && event.invite === undefined && contact.card === undefined) {
    throw new MeshError('INVALID_ARGUMENT', `A request to ${contact.petname} needs its card or an invite`);
  }
  return {
    ...pinned(contact, event.card),
    state: 'requested-out',
    tier: checkTier(event.tier ?? contact.tier),
    routes: union(contact.routes, event.routes),
    ...(event.purpose === undefined ? {} : { purpose: event.purpose }),
    pending: {
      kind: 'request',
      nonce: event.nonce,
      expiresAt,
      ...(event.invite === undefined ? {} : { invite: event.invite }),
    },
  };
}

function requestIn(contact: Contact, event: EventOf<'requestIn'>, times: EffectTimes): Contact {
  const asked: Contact = {
    ...pinned(contact, event.card),
    routes: union(contact.routes, event.routes),
    requestNonce: event.nonce,
    ...(event.purpose === undefined ? {} : { purpose: event.purpose }),
  };
  if (contact.state === 'trusted' || contact.state === 'requested-out') return trust(asked, event.nonce, times);
  return { ...asked, state: 'requested-in', requestId: contact.requestId ?? event.requestId };
}

function redeem(contact: Contact, event: EventOf<'redeem'>, times: EffectTimes): Contact {
  if (event.invite.agent !== contact.agent) {
    throw new MeshError('INVITE_INVALID', `The invite is one of ${event.invite.agent}, not of ${contact.agent}`);
  }
  const known = {
    ...pinned(contact, event.card),
    routes: union(contact.routes, event.routes),
    requestNonce: event.nonce,
  };
  const tier = contact.state === 'trusted' ? contact.tier : checkTier(event.invite.tier);
  return trust({ ...known, tier }, event.nonce, times);
}

function approve(contact: Contact, event: EventOf<'approve'>, times: EffectTimes): Contact {
  if (contact.requestNonce === undefined) throw new MeshError('INTERNAL', 'A request that came in has no nonce');
  const tier = checkTier(event.tier ?? contact.tier);
  return trust({ ...contact, tier, petname: event.petname ?? contact.petname }, contact.requestNonce, times);
}

/** Trusted from here on, and it is told so until it confirms. */
function trust(contact: Contact, requestNonce: string, { now, expiresAt }: EffectTimes): Contact {
  return {
    ...settled(contact),
    state: 'trusted',
    trustedAt: contact.trustedAt ?? now,
    pending: acceptance(requestNonce, expiresAt),
  };
}

function accepted(contact: Contact, event: EventOf<'accepted'>, { now }: EffectTimes): Contact {
  const known = pinned(contact, event.card);
  // The first acceptance counts; a repeated one only brings the card.
  if (contact.state === 'trusted') return known;
  if (contact.pending?.kind !== 'request' || contact.pending.nonce !== event.nonce) {
    throw new MeshError(
      'NOT_TRUSTED',
      `The acceptance of ${contact.petname} does not answer the request that is under way`,
    );
  }
  return { ...settled(known), state: 'trusted', trustedAt: now };
}

function confirmed(contact: Contact, nonce: string, now: number): Contact {
  const { pending, ...rest } = contact;
  if (pending?.nonce !== nonce) return contact;
  if (pending.kind === 'accept') return rest;
  return { ...rest, pending: { ...pending, deliveredAt: pending.deliveredAt ?? now } };
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

function pinned(contact: Contact, card: VerifiedCard | undefined): Contact {
  if (card === undefined) return contact;
  if (card.agentId !== contact.agentId) {
    throw new MeshError('INVALID_ARGUMENT', `The card is that of ${card.agentId}, the contact is ${contact.agentId}`);
  }
  // Whoever verified it may not have known the pinned one (spec 1.6).
  if (contact.card !== undefined && card.seq < contact.card.seq) {
    const text = `The card of ${contact.petname} has seq ${card.seq}, already known is seq ${contact.card.seq}`;
    throw new MeshError('CARD_ROLLBACK', text);
  }
  return { ...contact, card };
}

function checkTier(tier: Tier): Tier {
  if (tier !== 'blocked') return tier;
  throw new MeshError('INVALID_ARGUMENT', 'The tier blocked cannot be given here', { hint: 'Run: mesh block NAME' });
}

const acceptance = (nonce: string, expiresAt: number): PendingExchange => ({ kind: 'accept', nonce, expiresAt });

const union = (routes: readonly string[], more: readonly string[] = []): readonly string[] => [
  ...new Set([...routes, ...more]),
];

/** No request under way in either direction. */
function settled(contact: Contact): Contact {
  const { pending: _pending, requestId: _requestId, ...rest } = contact;
  return rest;
}

/** Only who it is and what it is called: no trust, no exchange, no request. */
function strip(contact: Contact): Contact {
  const {
    candidate: _candidate,
    pending: _pending,
    purpose: _purpose,
    requestId: _requestId,
    requestNonce: _requestNonce,
    trustedAt: _trustedAt,
    verifiedAt: _verifiedAt,
    ...rest
  } = contact;
  return rest;
}

/** Nothing that a later request of the same agent could profit from. */
function forget(contact: Contact): Contact {
  const { card: _card, ...rest } = strip(contact);
  return { ...rest, tier: defaultTier, permissions: {}, routes: [] };
}
