import { defaultLimits, encodeCbor, type Limits } from '#kernel';
import { cardBytes, decodeRotation, encodeRotation, type RotationStatement, type VerifiedCard } from '#identity';
import { FieldReader, type Form } from './field-reader.ts';
import { decodeStrictCbor } from './strict-cbor.ts';
import { checkVersion } from './wire-version.ts';

export type RotationNoticeLimits = Pick<Limits, 'maxRotations' | 'maxRotationBytes' | 'maxCardBytes'>;

/** How an agent came to its present id (spec §13.6), for whoever knows it by an earlier one. Proves itself by what is in it. */
export interface RotationNotice {
  /** Canonical JSON of the card of the present id. */
  readonly card: Uint8Array;
  /** Oldest first; the last one leads to the id of the card. Whether they hold is for `verifyRotationChain`. */
  readonly rotations: readonly RotationStatement[];
}

/** What a frame of kind `rotation` holds; of a longer chain the newest statements. */
export function encodeRotationNotice(
  { card, rotations }: { readonly card: VerifiedCard; readonly rotations: readonly RotationStatement[] },
  limits: RotationNoticeLimits = defaultLimits,
): Uint8Array {
  const newest = rotations.slice(-limits.maxRotations).map(encodeRotation);
  return encodeCbor({ v: 1, card: cardBytes(card), rotations: newest });
}

const form: Form = { name: 'rotation notice', required: ['v', 'card', 'rotations'] };

/** Only the form. Throws MALFORMED and UNSUPPORTED_VERSION. */
export function decodeRotationNotice(bytes: Uint8Array, limits: RotationNoticeLimits = defaultLimits): RotationNotice {
  const value = decodeStrictCbor(bytes);
  checkVersion(value);
  const fields = new FieldReader(value, form);
  const rotations = fields.bytesList('rotations', { max: limits.maxRotations, maxBytes: limits.maxRotationBytes });
  if (rotations.length === 0) throw fields.wrong('rotations', 'must not be empty');
  return { card: fields.bytesUpTo('card', limits.maxCardBytes), rotations: rotations.map(decodeRotation) };
}
