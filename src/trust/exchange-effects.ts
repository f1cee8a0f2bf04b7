import { MeshError } from '#kernel';
import type { EventOf } from './contact-event.ts';
import { checkTier, type EffectTimes, pinned, settled, trust, union, welcome } from './contact-fields.ts';
import type { Contact, PendingExchange } from './contact.ts';
import { blamesClock, endsExchange } from './exchange.ts';

export type StepType =
  | 'requestOut'
  | 'requestIn'
  | 'redeem'
  | 'approve'
  | 'accepted'
  | 'confirmed'
  | 'refused'
  | 'distrusted'
  | 'proved';

/** What the steps of the contact exchange do to the fields (spec §4). */
export function applyStep(contact: Contact, event: EventOf<StepType>, times: EffectTimes): Contact {
  switch (event.type) {
    case 'requestOut':
      return requestOut(contact, event, times);
    case 'requestIn':
      return requestIn(contact, event, times);
    case 'redeem':
      return redeem(contact, event, times);
    case 'approve':
      return approve(contact, event, times);
    case 'accepted':
      return accepted(contact, event, times);
    case 'confirmed':
      return confirmed(contact, event.nonce, times);
    case 'refused':
      return refused(contact, event, times);
    case 'distrusted':
      return { ...contact, refusal: { of: 'message', code: event.code, at: times.now } };
    case 'proved':
      return welcome(contact);
  }
}

/** Whose acceptance of an earlier request is on its way answers the new one by it. */
const maxEarlier = 7;

function requestOut(contact: Contact, event: EventOf<'requestOut'>, times: EffectTimes): Contact {
  if (event.card === undefined && event.invite === undefined && contact.card === undefined) {
    throw new MeshError('INVALID_ARGUMENT', `A request to ${contact.petname} needs its card or an invite`);
  }
  const asked: Contact = {
    ...welcome(pinned(contact, event.card)),
    petname: event.who.petname,
    tier: checkTier(event.tier ?? contact.tier),
    routes: union(contact.routes, event.routes),
    ...(event.purpose === undefined ? {} : { purpose: event.purpose }),
  };
  if (contact.state === 'requested-in') return trust(asked, nonceOf(contact), times);
  const earlier = earlierNonces(contact.pending);
  return {
    ...asked,
    state: contact.state === 'trusted' ? 'trusted' : 'requested-out',
    pending: {
      kind: 'request',
      nonce: event.nonce,
      expiresAt: times.expiresAt,
      ...(earlier.length === 0 ? {} : { earlier }),
      ...(event.invite === undefined ? {} : { invite: event.invite }),
    },
  };
}

function earlierNonces(pending: PendingExchange | undefined): readonly string[] {
  if (pending?.kind !== 'request') return [];
  return [pending.nonce, ...(pending.earlier ?? [])].slice(0, maxEarlier);
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
  const tier = checkTier(event.tier ?? contact.tier);
  return trust({ ...contact, tier, petname: event.petname ?? contact.petname }, nonceOf(contact), times);
}

function nonceOf({ requestNonce }: Contact): string {
  if (requestNonce === undefined) throw new MeshError('INTERNAL', 'A request that came in has no nonce');
  return requestNonce;
}

function accepted(contact: Contact, event: EventOf<'accepted'>, { now }: EffectTimes): Contact {
  const known = pinned(contact, event.card);
  const { pending } = contact;
  const isAnswer = pending?.kind === 'request' && [pending.nonce, ...(pending.earlier ?? [])].includes(event.nonce);
  // The first acceptance counts; a repeated one brings the card, and shows that it trusts us.
  if (contact.state === 'trusted') return isAnswer ? settled(known) : welcome(known);
  if (!isAnswer) {
    throw new MeshError(
      'NOT_TRUSTED',
      `The acceptance of ${contact.petname} does not answer the request that is under way`,
    );
  }
  return { ...settled(known), state: 'trusted', trustedAt: now };
}

function confirmed(contact: Contact, nonce: string, times: EffectTimes): Contact {
  const { pending, ...rest } = contact;
  if (pending?.nonce !== nonce) return contact;
  if (pending.kind === 'accept') return welcome(rest);
  return welcome({
    ...rest,
    pending: { ...counted(contact, pending, times), deliveredAt: pending.deliveredAt ?? times.now },
  });
}

function refused(contact: Contact, event: EventOf<'refused'>, times: EffectTimes): Contact {
  const { pending, ...rest } = contact;
  const { of, nonce, code } = event;
  if (pending?.kind !== of || pending.nonce !== nonce) return contact;
  const refusal = { of, code, at: times.now };
  return endsExchange(of, code)
    ? { ...rest, refusal }
    : { ...rest, pending: counted(contact, pending, times), refusal };
}

/** The time for the step counts from here when there was none that could be counted before. */
const counted = ({ refusal }: Contact, pending: PendingExchange, { expiresAt }: EffectTimes): PendingExchange =>
  blamesClock(refusal?.code) ? { ...pending, expiresAt } : pending;
