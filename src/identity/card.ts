import { canonicalJson, defaultLimits, fromBase64url, fromUtf8, MeshError, toBase64url } from '#kernel';
import { type AgentId, agentIdOf } from './agent-id.ts';
import { type Card, type CardDevice, parseCardForm } from './card-form.ts';
import { checkSignature } from './device-certificate.ts';
import type { KeyPair } from './key-pair.ts';
import { sign, verify } from './signing.ts';

declare class Brand {
  readonly #verified: true;
}

/** Made only by `verifyCard` and `signCard`; a spread of it is not one. Frozen in depth. */
export type VerifiedCard = Card & Brand;

export type CardFields = Omit<Card, 'v' | 'agentId' | 'publicKey' | 'signature'>;

/** Throws CARD_INVALID when a field breaks a rule of spec 1.6, CERTIFICATE_INVALID when a device is not certified by `root`. */
export function signCard(fields: CardFields, root: KeyPair): VerifiedCard {
  const publicKey = toBase64url(root.publicKey);
  const unsigned = { ...fields, v: 1, agentId: agentIdOf(root.publicKey), publicKey };
  const signature = toBase64url(sign({ context: 'card', key: root, data: canonicalJson(unsigned) }));
  return checkAuthentic(parseCardForm({ ...unsigned, signature }));
}

export interface VerifyCardOptions {
  readonly now: number;
  /** The card of this agent that is already known, if any. */
  readonly pinned?: Card | undefined;
}

/**
 * Checks parsed JSON in the order form, id, signature, pin, expiry (spec 1.6). Throws CARD_INVALID, UNSUPPORTED_VERSION,
 * CARD_ID_MISMATCH, SIGNATURE_INVALID, CERTIFICATE_INVALID, CARD_ROLLBACK or CARD_EXPIRED.
 */
export function verifyCard(value: unknown, { now, pinned }: VerifyCardOptions): VerifiedCard {
  const card = checkAuthentic(parseCardForm(value));
  if (pinned !== undefined) checkPin(card, pinned);
  if (now >= card.expiresAt) {
    throw new MeshError('CARD_EXPIRED', `The card of ${card.agentId} expired`, { data: { expiresAt: card.expiresAt } });
  }
  return card;
}

/** Canonical JSON (RFC 8785) with the signature. */
export function cardBytes(card: Card): Uint8Array {
  return canonicalJson(card);
}

/** The JSON value in the bytes, which `verifyCard` judges. Throws CARD_INVALID on more than 16 KB and what is not JSON. */
export function parseCard(bytes: Uint8Array): unknown {
  if (bytes.length > defaultLimits.maxCardBytes) throw tooLarge(bytes.length);
  try {
    return JSON.parse(fromUtf8(bytes));
  } catch {
    // The parser's message quotes the text, which may be anything: it is not passed on.
    throw new MeshError('CARD_INVALID', 'The card is not JSON in UTF-8');
  }
}

function checkAuthentic(card: Card): VerifiedCard {
  const size = cardBytes(card).length;
  if (size > defaultLimits.maxCardBytes) throw tooLarge(size);
  const publicKey = fromBase64url(card.publicKey);
  if (agentIdOf(publicKey) !== card.agentId) {
    throw new MeshError('CARD_ID_MISMATCH', `The id of the card is ${card.agentId}, that of its key is another`);
  }
  const { signature, ...unsigned } = card;
  const data = canonicalJson(unsigned);
  if (!verify({ context: 'card', publicKey, data, signature: fromBase64url(signature) })) {
    throw new MeshError('SIGNATURE_INVALID', `The card is not signed by the key of ${card.agentId}`);
  }
  for (const device of card.devices) checkDevice(card.agentId, device);
  return deepFreeze(card) as VerifiedCard;
}

function checkDevice(agentId: AgentId, device: CardDevice): void {
  const { notBefore, notAfter } = device;
  const devicePublicKey = fromBase64url(device.publicKey);
  checkSignature({ agentId, devicePublicKey, notBefore, notAfter, signature: fromBase64url(device.signature) });
}

function checkPin(card: Card, pinned: Card): void {
  if (card.agentId !== pinned.agentId) {
    throw new MeshError('CARD_ID_MISMATCH', `The card is that of ${card.agentId}, expected was ${pinned.agentId}`);
  }
  if (card.seq < pinned.seq) {
    throw new MeshError('CARD_ROLLBACK', `The card has seq ${card.seq}, already known is seq ${pinned.seq}`);
  }
}

function deepFreeze<T extends object>(value: T): T {
  for (const inner of Object.values(value)) if (typeof inner === 'object' && inner !== null) deepFreeze(inner);
  return Object.freeze(value);
}

const tooLarge = (size: number): MeshError =>
  new MeshError('CARD_INVALID', `The card has ${size} bytes, at most ${defaultLimits.maxCardBytes} are allowed`);
