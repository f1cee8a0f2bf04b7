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
import { inviteMac } from './invite-mac.ts';
import { decodeStrictCbor } from './strict-cbor.ts';
import { checkVersion } from './wire-version.ts';

/** "Yes" to one contact request (spec §4.3), signed by the root key of the card in context `contact-accept`. */
export interface ContactAccept {
  readonly v: 1;
  /** Canonical JSON of the approver's card. */
  readonly card: Uint8Array;
  readonly to: AgentId;
  /** ms since 1970. */
  readonly at: number;
  /** The 16 bytes of the request that is accepted. */
  readonly requestNonce: Uint8Array;
  readonly keyPackage: Uint8Array;
  /** Shows that the approver made the invite. */
  readonly inviteMac?: Uint8Array;
  readonly signature: Uint8Array;
}

declare class Brand {
  readonly #verified: true;
}

/**
 * Made only by `verifyContactAccept`; the approver is `card.agentId`. Whether it answers a request of ours is for the
 * caller.
 */
export type VerifiedContactAccept = Omit<ContactAccept, 'card' | 'signature'> & { readonly card: VerifiedCard } & Brand;

export interface NewContactAccept extends ContactCommon {
  readonly requestNonce: Uint8Array;
  readonly inviteSecret?: Uint8Array | undefined;
}

/** The encoded acceptance. Throws INVALID_ARGUMENT for a field that breaks a rule of spec §4.3. */
export function signContactAccept(input: NewContactAccept): Uint8Array {
  checkRoot(input);
  const { card, to, at, requestNonce, keyPackage, inviteSecret } = input;
  const core = { v: 1, card: cardBytes(card), to, at, requestNonce, keyPackage };
  const mac = inviteSecret && { inviteMac: inviteMac('accept', inviteSecret, encodeCbor(core)) };
  const accept = signStatement('contact-accept', { ...core, ...mac }, input.root);
  return encodeContactAccept(readAccept(accept, defaultLimits, 'INVALID_ARGUMENT'));
}

export function encodeContactAccept(accept: ContactAccept): Uint8Array {
  return encodeCbor(accept);
}

/** Only the form; `verifyContactAccept` decides whether it holds. Throws MALFORMED and UNSUPPORTED_VERSION. */
export function decodeContactAccept(bytes: Uint8Array, limits: ContactLimits = defaultLimits): ContactAccept {
  const value = decodeStrictCbor(bytes);
  checkVersion(value);
  return readAccept(value, limits, 'MALFORMED');
}

/**
 * Throws MALFORMED, UNSUPPORTED_VERSION, WRONG_RECIPIENT, TIMESTAMP_STALE, TIMESTAMP_FUTURE, CARD_*,
 * SIGNATURE_INVALID.
 */
export function verifyContactAccept(bytes: Uint8Array, check: ContactCheck): VerifiedContactAccept {
  const accept = decodeContactAccept(bytes, check.limits);
  const card = verifyStatement('contact-accept', accept, check);
  const { signature: _signature, ...rest } = accept;
  return Object.freeze({ ...rest, card }) as VerifiedContactAccept;
}

/** What the MAC of the invite is over: everything but itself and the signature. */
export function acceptCore({ card, inviteMac: _mac, ...rest }: VerifiedContactAccept): Uint8Array {
  return encodeCbor({ ...rest, card: cardBytes(card) });
}

const form: Form = {
  name: 'contact acceptance',
  required: ['v', 'card', 'to', 'at', 'requestNonce', 'keyPackage', 'signature'],
  optional: ['inviteMac'],
};

function readAccept(value: unknown, limits: ContactLimits, code: ErrorCode): ContactAccept {
  const fields = new FieldReader(value, form, code);
  return {
    v: 1,
    card: fields.bytesUpTo('card', limits.maxCardBytes),
    to: fields.agentId('to'),
    at: fields.count('at'),
    requestNonce: fields.bytes('requestNonce', 16),
    keyPackage: fields.bytesUpTo('keyPackage', limits.maxKeyPackageBytes),
    ...(fields.has('inviteMac') ? { inviteMac: fields.bytes('inviteMac', 32) } : {}),
    signature: fields.bytes('signature', 64),
  };
}
