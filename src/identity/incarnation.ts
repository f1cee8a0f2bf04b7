import { copyBytes, decodeCbor, encodeCbor, MeshError } from '#kernel';
import { type AgentId, agentIdOf, isAgentId, publicKeyOf } from './agent-id.ts';
import { isBytes, isTime, recordWith } from './checks.ts';
import type { KeyPair } from './key-pair.ts';
import { sign, verify } from './signing.ts';

/** What makes one life of an agent later than another: its number, then its id (spec 1.11). */
export interface LifeOrder {
  /** From 1; as a rule the time (ms since 1970) at which the agent was brought back. */
  readonly number: number;
  /** 16 random bytes, so that two lives with one number are told apart. */
  readonly id: Uint8Array;
}

export interface Life extends LifeOrder {
  /** What happened after this time (ms since 1970) is not known to this life. */
  readonly asOf: number;
}

/** The root key says: this life of the agent takes the place of all earlier ones (spec 1.11). */
export interface Incarnation extends Life {
  readonly agentId: AgentId;
  readonly signature: Uint8Array;
}

declare class Brand {
  readonly #verified: true;
}

/** Made only by `verifyIncarnation`; a spread of it is not one. */
export type VerifiedIncarnation = Incarnation & Brand;

const idBytes = 16;

export function signIncarnation(root: KeyPair, life: Life): VerifiedIncarnation {
  const fields = { agentId: agentIdOf(root.publicKey), number: life.number, id: copyBytes(life.id), asOf: life.asOf };
  const signature = sign({ context: 'incarnation', key: root, data: encodeCbor(fields) });
  return verifyIncarnation(checkForm({ ...fields, signature }));
}

/** Checks the signature by the root key of the agent that it names. Throws SIGNATURE_INVALID. */
export function verifyIncarnation(incarnation: Incarnation): VerifiedIncarnation {
  const { agentId, number, asOf } = incarnation;
  const id = copyBytes(incarnation.id);
  const signature = copyBytes(incarnation.signature);
  const data = encodeCbor({ agentId, number, id, asOf });
  if (!verify({ context: 'incarnation', publicKey: publicKeyOf(agentId), data, signature })) {
    throw new MeshError('SIGNATURE_INVALID', `The incarnation is not signed by the root key of ${agentId}`);
  }
  return Object.freeze({ agentId, number, id, asOf, signature }) as VerifiedIncarnation;
}

/** CBOR map of the five fields (spec 1.11). */
export function encodeIncarnation(incarnation: Incarnation): Uint8Array {
  const { agentId, number, id, asOf, signature } = incarnation;
  return encodeCbor({ agentId, number, id, asOf, signature });
}

/** Only the form is checked; `verifyIncarnation` decides whether it holds. Throws MALFORMED. */
export function decodeIncarnation(bytes: Uint8Array): Incarnation {
  const keys = ['agentId', 'number', 'id', 'asOf', 'signature'] as const;
  return checkForm(recordWith(decodeCbor(bytes), keys, 'The incarnation'));
}

/** True when `life` takes the place of `other`; an agent that was never brought back has none and is the earliest. */
export function isLater(life: LifeOrder | undefined, other: LifeOrder | undefined): boolean {
  if (life === undefined) return false;
  if (other === undefined || life.number !== other.number) return life.number > (other?.number ?? 0);
  return Buffer.compare(life.id, other.id) > 0;
}

function checkForm(fields: Readonly<Record<keyof Incarnation, unknown>>): Incarnation {
  const { agentId, number, id, asOf, signature } = fields;
  const formed = isAgentId(agentId) && isTime(number) && number > 0 && isBytes(id, idBytes) && isTime(asOf);
  if (!formed || !isBytes(signature, 64)) {
    throw new MeshError('MALFORMED', 'A field of the incarnation has the wrong form');
  }
  return { agentId, number, id: copyBytes(id), asOf, signature: copyBytes(signature) };
}
