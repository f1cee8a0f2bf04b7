import { defaultLimits, encodeCbor, type ErrorCode } from '#kernel';
import { type AgentId, cardBytes, type VerifiedCard } from '#identity';
import {
  checkRoot,
  type ContactCheck,
  type ContactCommon,
  type ContactLimits,
  signStatement,
  verifyStatement,
} from './contact-statement.ts';
import { FieldReader, type Form } from './field-reader.ts';
import type { InviteId } from './invite.ts';
import { inviteMac } from './invite-mac.ts';
import { decodeStrictCbor } from './strict-cbor.ts';
import { checkVersion } from './wire-version.ts';

/** "I would like to be your contact" (spec §4.2), signed by the root key of the card in context `contact-request`. */
export interface ContactRequest {
  readonly v: 1;
  /** Canonical JSON of the sender's card. */
  readonly card: Uint8Array;
  readonly to: AgentId;
  /** At most `maxPurposeCharacters`, for a person to read. */
  readonly purpose?: string;
  /** ms since 1970. */
  readonly at: number;
  /** 16 random bytes, the same at every attempt; the acceptance echoes them. */
  readonly nonce: Uint8Array;
  readonly keyPackage: Uint8Array;
  /** Shows that the sender holds this invite: the approval was given in advance. */
  readonly invite?: { readonly id: InviteId; readonly mac: Uint8Array };
  readonly signature: Uint8Array;
}

declare class Brand {
  readonly #verified: true;
}

/**
 * Made only by `verifyContactRequest`; the sender is `card.agentId`. Whether the invite holds is for `checkInviteMac`.
 */
export type VerifiedContactRequest = Omit<ContactRequest, 'card' | 'signature'> & {
  readonly card: VerifiedCard;
} & Brand;

export interface NewContactRequest extends ContactCommon {
  readonly nonce: Uint8Array;
  readonly purpose?: string | undefined;
  readonly invite?: { readonly id: string; readonly secret: Uint8Array } | undefined;
}

/** The encoded request. Throws INVALID_ARGUMENT for a field that breaks a rule of spec §4.2. */
export function signContactRequest(input: NewContactRequest): Uint8Array {
  checkRoot(input);
  const { card, to, at, nonce, keyPackage, purpose, invite } = input;
  const core = {
    v: 1,
    card: cardBytes(card),
    to,
    at,
    nonce,
    keyPackage,
    ...(purpose === undefined ? {} : { purpose }),
    ...(invite === undefined ? {} : { invite: { id: invite.id } }),
  };
  const mac = invite && { invite: { id: invite.id, mac: inviteMac('request', invite.secret, encodeCbor(core)) } };
  const request = signStatement('contact-request', { ...core, ...mac }, input.root);
  return encodeContactRequest(readRequest(request, defaultLimits, 'INVALID_ARGUMENT'));
}

/** The purpose itself, for the sender before it is kept. Throws INVALID_ARGUMENT: empty, too long, not one line. */
export function parsePurpose(
  purpose: unknown,
  limits: Pick<ContactLimits, 'maxPurposeCharacters'> = defaultLimits,
): string {
  const fields = new FieldReader({ purpose }, purposeForm, 'INVALID_ARGUMENT');
  return fields.line('purpose', limits.maxPurposeCharacters);
}

export function encodeContactRequest(request: ContactRequest): Uint8Array {
  return encodeCbor(request);
}

/** Only the form; `verifyContactRequest` decides whether it holds. Throws MALFORMED and UNSUPPORTED_VERSION. */
export function decodeContactRequest(bytes: Uint8Array, limits: ContactLimits = defaultLimits): ContactRequest {
  const value = decodeStrictCbor(bytes);
  checkVersion(value);
  return readRequest(value, limits, 'MALFORMED');
}

/**
 * Throws MALFORMED, UNSUPPORTED_VERSION, WRONG_RECIPIENT, TIMESTAMP_STALE, TIMESTAMP_FUTURE, CARD_*,
 * SIGNATURE_INVALID. Whether the nonce was seen before is for the caller.
 */
export function verifyContactRequest(bytes: Uint8Array, check: ContactCheck): VerifiedContactRequest {
  const request = decodeContactRequest(bytes, check.limits);
  const card = verifyStatement('contact-request', request, check);
  const { signature: _signature, ...rest } = request;
  return Object.freeze({ ...rest, card }) as VerifiedContactRequest;
}

/** What the MAC of the invite is over: everything but itself and the signature. */
export function requestCore({ card, invite, ...rest }: VerifiedContactRequest): Uint8Array {
  return encodeCbor({ ...rest, card: cardBytes(card), ...(invite === undefined ? {} : { invite: { id: invite.id } }) });
}

const form: Form = {
  name: 'contact request',
  required: ['v', 'card', 'to', 'at', 'nonce', 'keyPackage', 'signature'],
  optional: ['purpose', 'invite'],
};
const purposeForm: Form = { name: 'contact request', required: ['purpose'] };
const inviteForm: Form = { name: 'contact request.invite', required: ['id', 'mac'] };

function readRequest(value: unknown, limits: ContactLimits, code: ErrorCode): ContactRequest {
  const fields = new FieldReader(value, form, code);
  const invite = fields.has('invite') ? new FieldReader(fields.value('invite'), inviteForm, code) : undefined;
  return {
    v: 1,
    card: fields.bytesUpTo('card', limits.maxCardBytes),
    to: fields.agentId('to'),
    ...(fields.has('purpose') ? { purpose: fields.line('purpose', limits.maxPurposeCharacters) } : {}),
    at: fields.count('at'),
    nonce: fields.bytes('nonce', 16),
    keyPackage: fields.bytesUpTo('keyPackage', limits.maxKeyPackageBytes),
    ...(invite === undefined ? {} : { invite: { id: invite.id('id', 'inv'), mac: invite.bytes('mac', 32) } }),
    signature: fields.bytes('signature', 64),
  };
}
