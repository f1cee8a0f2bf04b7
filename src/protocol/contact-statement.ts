import { encodeCbor, equalBytes, type Limits, MeshError } from '#kernel';
import {
  type AgentId,
  agentIdOf,
  cardBytes,
  type KeyPair,
  parseCard,
  publicKeyOf,
  sign,
  type VerifiedCard,
  verify,
  verifyCard,
} from '#identity';

// What a contact request and an acceptance have in common (spec §4.1): a map signed by the root key of the card in it.

export type ContactLimits = Pick<
  Limits,
  'maxSkewPastMs' | 'maxSkewFutureMs' | 'maxPurposeCharacters' | 'maxCardBytes' | 'maxKeyPackageBytes'
>;

/** When and by whom a statement is read. `now` in ms since 1970. */
export interface ContactCheck {
  readonly now: number;
  readonly self: AgentId;
  readonly limits: ContactLimits;
}

export type ContactContext = 'contact-request' | 'contact-accept';

/** Fields of both statements before they are signed. */
export interface ContactCommon {
  readonly card: VerifiedCard;
  readonly to: AgentId;
  /** ms since 1970. */
  readonly at: number;
  /** A fresh MLS key package of the signer. */
  readonly keyPackage: Uint8Array;
  /** Of the card. Secret. */
  readonly root: KeyPair;
}

interface Signed {
  readonly card: Uint8Array;
  readonly to: AgentId;
  readonly at: number;
  readonly signature: Uint8Array;
}

/** The statement with its signature over everything else in it. */
export function signStatement<T extends object>(
  context: ContactContext,
  unsigned: T,
  root: KeyPair,
): T & { signature: Uint8Array } {
  return { ...unsigned, signature: sign({ context, key: root, data: encodeCbor(unsigned) }) };
}

/** Throws INVALID_ARGUMENT when the key is not that of the card. */
export function checkRoot({ card, root }: Pick<ContactCommon, 'card' | 'root'>): void {
  if (agentIdOf(root.publicKey) === card.agentId) return;
  throw new MeshError('INVALID_ARGUMENT', `The key is not that of ${card.agentId}`);
}

/**
 * Recipient, time, card and signature, the cheap checks first. Throws WRONG_RECIPIENT, TIMESTAMP_STALE,
 * TIMESTAMP_FUTURE, SIGNATURE_INVALID and what `verifyCard` throws.
 */
export function verifyStatement(context: ContactContext, statement: Signed, check: ContactCheck): VerifiedCard {
  const { to, at } = statement;
  if (to !== check.self) throw new MeshError('WRONG_RECIPIENT', `The ${context} is addressed to ${to}`);
  checkTime(at, check);
  const card = verifyCard(parseCard(statement.card), { now: check.now });
  if (!equalBytes(cardBytes(card), statement.card))
    throw new MeshError('CARD_INVALID', 'The card is not in its canonical form');
  const { signature, ...unsigned } = statement;
  if (!verify({ context, publicKey: publicKeyOf(card.agentId), data: encodeCbor(unsigned), signature })) {
    throw new MeshError('SIGNATURE_INVALID', `The ${context} is not signed by the key of ${card.agentId}`);
  }
  return card;
}

function checkTime(at: number, { now, limits }: ContactCheck): void {
  const data = { at, now };
  if (at < now - limits.maxSkewPastMs) {
    throw new MeshError(
      'TIMESTAMP_STALE',
      `The statement is ${now - at} ms old, at most ${limits.maxSkewPastMs} are allowed`,
      { data },
    );
  }
  if (at > now + limits.maxSkewFutureMs) {
    throw new MeshError(
      'TIMESTAMP_FUTURE',
      `The statement is ${at - now} ms ahead, at most ${limits.maxSkewFutureMs} are allowed`,
      { data },
    );
  }
}
