import { MeshError } from '#kernel';
import type { VerifiedCard } from '#identity';
import { type Contact, defaultTier, type PendingExchange, type Tier } from './contact.ts';

// What several events do to the fields of a contact.

export interface EffectTimes {
  readonly now: number;
  /** When a request or acceptance that begins now is given up. */
  readonly expiresAt: number;
}

export function pinned(contact: Contact, card: VerifiedCard | undefined): Contact {
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

export function checkTier(tier: Tier): Tier {
  if (tier !== 'blocked') return tier;
  throw new MeshError('INVALID_ARGUMENT', 'The tier blocked cannot be given here', { hint: 'Run: mesh block NAME' });
}

export const union = (routes: readonly string[], more: readonly string[] = []): readonly string[] => [
  ...new Set([...routes, ...more]),
];

export const acceptance = (nonce: string, expiresAt: number): PendingExchange => ({
  kind: 'accept',
  nonce,
  expiresAt,
});

/** Trusted from here on, and it is told so until it confirms. */
export function trust(contact: Contact, requestNonce: string, { now, expiresAt }: EffectTimes): Contact {
  return {
    ...settled(contact),
    state: 'trusted',
    trustedAt: contact.trustedAt ?? now,
    pending: acceptance(requestNonce, expiresAt),
  };
}

/** The other node takes what comes from here. */
export function welcome(contact: Contact): Contact {
  const { refusal: _refusal, ...rest } = contact;
  return rest;
}

/** No request under way in either direction. */
export function settled(contact: Contact): Contact {
  const { pending: _pending, requestId: _requestId, ...rest } = welcome(contact);
  return rest;
}

/** Only who it is and what it is called: no trust, no exchange, no request. */
export function strip(contact: Contact): Contact {
  const {
    candidate: _candidate,
    pending: _pending,
    purpose: _purpose,
    refusal: _refusal,
    requestId: _requestId,
    requestNonce: _requestNonce,
    trustedAt: _trustedAt,
    verifiedAt: _verifiedAt,
    ...rest
  } = contact;
  return rest;
}

/** Nothing that a later request of the same agent could profit from. */
export function forget(contact: Contact): Contact {
  const { card: _card, ...rest } = strip(contact);
  return { ...rest, tier: defaultTier, permissions: {}, routes: [] };
}
