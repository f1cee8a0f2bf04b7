import { type ErrorCode, type Limits, MeshError } from '#kernel';
import type { Message } from '#protocol';
import { whatNext } from './contact-table.ts';
import type { Contact, Tier } from './contact.ts';

/**
 * What the sender may do: say this to that contact. Throws NOT_TRUSTED, CONTACT_BLOCKED, CONTACT_CHANGED,
 * WRONG_RECIPIENT, ATTACHMENT_TOO_LARGE. What the peer permits is the peer's decision.
 */
export function maySend(contact: Contact | undefined, message: Message, limits: Limits): void {
  if (contact?.state !== 'trusted') throw notTrusted(contact);
  if (contact.tier === 'blocked') throw new MeshError('CONTACT_BLOCKED', `${contact.petname} is blocked`);
  if (message.to !== contact.agentId) {
    throw new MeshError(
      'WRONG_RECIPIENT',
      `The message ${message.id} is for ${message.to}, not for ${contact.petname}`,
    );
  }
  const { inline: bytes } = attachmentBytes(message);
  if (bytes > limits.maxInlineAttachmentBytes) {
    const text = `Attachments of ${bytes} bytes exceed maxInlineAttachmentBytes ${limits.maxInlineAttachmentBytes}`;
    throw new MeshError('ATTACHMENT_TOO_LARGE', text);
  }
}

function notTrusted(contact: Contact | undefined): MeshError {
  if (contact === undefined) return new MeshError('NOT_TRUSTED', 'The receiver is not a contact');
  const { petname: name, state } = contact;
  const hint = whatNext[state].replaceAll('{name}', name);
  if (state === 'blocked') return new MeshError('CONTACT_BLOCKED', `${name} is blocked`, { hint });
  if (state === 'changed') return new MeshError('CONTACT_CHANGED', `${name} shows another key than before`, { hint });
  return new MeshError('NOT_TRUSTED', `${name} is not trusted: its state is ${state}`, { hint, data: { state } });
}

/**
 * Before anything is decrypted: why a frame of this agent is refused, undefined when it is not. Blocked and unknown
 * agents get the same answer; a peer that is frozen because of another key learns it, so that its owner can act.
 */
export function admitFrame(contact: Contact | undefined): ErrorCode | undefined {
  if (contact?.state === 'changed') return 'CONTACT_CHANGED';
  return contact?.state === 'trusted' && contact.tier !== 'blocked' ? undefined : 'NOT_TRUSTED';
}

/**
 * Why a message of this contact is refused, undefined when it is not: trust, then the permissions that narrow the tier.
 */
export function admitMessage(contact: Contact, message: Message, limits: Limits): ErrorCode | undefined {
  const refusal = admitFrame(contact);
  if (refusal !== undefined) return refusal;
  const { messageTypes, maxAttachmentBytes = Number.POSITIVE_INFINITY } = contact.permissions;
  if (messageTypes !== undefined && !messageTypes.includes(message.type)) return 'NOT_PERMITTED';
  const { inline, all } = attachmentBytes(message);
  const isTooLarge = inline > limits.maxInlineAttachmentBytes || all > maxAttachmentBytes;
  return isTooLarge ? 'ATTACHMENT_TOO_LARGE' : undefined;
}

/** `all` with the files beside the message, by the size that it states: more than that is never fetched. */
function attachmentBytes(message: Message): { readonly inline: number; readonly all: number } {
  let inline = 0;
  let beside = 0;
  for (const attachment of message.payload.attachments ?? []) {
    if (attachment.kind === 'inline') inline += attachment.bytes.length;
    if (attachment.kind === 'blob') beside += attachment.size;
  }
  return { inline, all: inline + beside };
}

const hour = 3600 * 1000;

/** How many turns a contact of this tier may start in which time. */
export interface TurnBound {
  readonly turns: number;
  readonly windowMs: number;
}

export interface TurnQuestion {
  readonly contact: Contact;
  /** Turns started for it within the window of `turnBoundOf`. */
  readonly turnsStarted: number;
  readonly limits: Limits;
}

/** `turnsLeft` is infinite for tiers without a bound. */
export type TurnDecision =
  | { readonly allowed: true; readonly turnsLeft: number }
  | { readonly allowed: false; readonly code: 'NOT_TRUSTED' | 'CONTACT_CHANGED' | 'NOT_PERMITTED' | 'TURN_LIMIT' };

/** Whether a message of this contact may start a turn of the agent; what may not stays in the inbox. */
export function mayStartTurn({ contact, turnsStarted, limits }: TurnQuestion): TurnDecision {
  if (contact.state === 'changed') return { allowed: false, code: 'CONTACT_CHANGED' };
  if (contact.state !== 'trusted') return { allowed: false, code: 'NOT_TRUSTED' };
  const { turns: bound } = turnBoundOf(contact.tier, limits);
  if (bound === 0) return { allowed: false, code: contact.tier === 'blocked' ? 'NOT_TRUSTED' : 'NOT_PERMITTED' };
  if (turnsStarted >= bound) return { allowed: false, code: 'TURN_LIMIT' };
  return { allowed: true, turnsLeft: bound - turnsStarted };
}

export function turnBoundOf(tier: Tier, limits: Limits): TurnBound {
  switch (tier) {
    case 'blocked':
    case 'notify':
      return { turns: 0, windowMs: hour };
    case 'bounded':
      return { turns: limits.boundedTurnsPerDay, windowMs: 24 * hour };
    case 'trusted':
      return { turns: limits.trustedTurnsPerHour, windowMs: hour };
    case 'owner':
      return { turns: Number.POSITIVE_INFINITY, windowMs: hour };
  }
}
