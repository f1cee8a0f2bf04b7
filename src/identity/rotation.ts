import { copyBytes, decodeCbor, encodeCbor, MeshError } from '#kernel';
import { type AgentId, agentIdOf, isAgentId, publicKeyOf } from './agent-id.ts';
import { isBytes, isTime, recordWith } from './checks.ts';
import type { KeyPair } from './key-pair.ts';
import { sign, verify } from './signing.ts';

/** Old and new root key say together: `from` is now `to`, since `at` (ms since 1970; spec 1.7). */
export interface RotationStatement {
  readonly from: AgentId;
  readonly to: AgentId;
  readonly at: number;
  readonly fromSignature: Uint8Array;
  readonly toSignature: Uint8Array;
}

declare class Brand {
  readonly #verified: true;
}

/** Made only by `verifyRotation`; a spread of it is not one. */
export type VerifiedRotation = RotationStatement & Brand;

export interface RotationFields {
  readonly from: KeyPair;
  readonly to: KeyPair;
  readonly at: number;
}

export function signRotation(input: RotationFields): RotationStatement {
  const fields = { from: agentIdOf(input.from.publicKey), to: agentIdOf(input.to.publicKey), at: input.at };
  checkForm(fields);
  const data = signedPart(fields);
  const fromSignature = sign({ context: 'rotation', key: input.from, data });
  return { ...fields, fromSignature, toSignature: sign({ context: 'rotation', key: input.to, data }) };
}

/** Form and both signatures. Throws ROTATION_INVALID. */
export function verifyRotation(statement: RotationStatement): VerifiedRotation {
  const { from, to, at } = statement;
  checkForm({ from, to, at });
  const data = signedPart({ from, to, at });
  const fromSignature = copyBytes(statement.fromSignature);
  const toSignature = copyBytes(statement.toSignature);
  const byOld = verify({ context: 'rotation', publicKey: publicKeyOf(from), data, signature: fromSignature });
  const byNew = verify({ context: 'rotation', publicKey: publicKeyOf(to), data, signature: toSignature });
  if (!byOld || !byNew) throw invalid(`The rotation is not signed by the ${byOld ? 'new' : 'old'} key`);
  return Object.freeze({ from, to, at, fromSignature, toSignature }) as VerifiedRotation;
}

/** CBOR map of the five fields (spec 1.7). */
export function encodeRotation(statement: RotationStatement): Uint8Array {
  const { from, to, at, fromSignature, toSignature } = statement;
  return encodeCbor({ from, to, at, fromSignature, toSignature });
}

/** Only the form is checked; `verifyRotation` decides whether it holds. Throws MALFORMED. */
export function decodeRotation(bytes: Uint8Array): RotationStatement {
  const keys = ['from', 'to', 'at', 'fromSignature', 'toSignature'] as const;
  const { from, to, at, fromSignature, toSignature } = recordWith(decodeCbor(bytes), keys, 'The rotation');
  if (!isAgentId(from) || !isAgentId(to) || !isTime(at) || !isBytes(fromSignature, 64) || !isBytes(toSignature, 64)) {
    throw new MeshError('MALFORMED', 'A field of the rotation has the wrong form');
  }
  return { from, to, at, fromSignature: copyBytes(fromSignature), toSignature: copyBytes(toSignature) };
}

/** Where the id leads along the chain, oldest first; the id itself when no statement starts there. */
export function followRotations(from: AgentId, chain: readonly VerifiedRotation[]): AgentId {
  // One pass in order: a loop in the chain cannot hold the reader up.
  return chain.reduce((current, step) => (step.from === current ? step.to : current), from);
}

type Fields = Pick<RotationStatement, 'from' | 'to' | 'at'>;

const signedPart = ({ from, to, at }: Fields): Uint8Array => encodeCbor({ from, to, at });

function checkForm(fields: Fields): void {
  if (!isAgentId(fields.from) || !isAgentId(fields.to)) throw invalid('The rotation names no agent ids');
  if (fields.from === fields.to) throw invalid('The rotation leads to the same key');
  if (!isTime(fields.at)) throw invalid('The rotation has no valid time');
}

const invalid = (message: string): MeshError => new MeshError('ROTATION_INVALID', message);

/** Each statement verified, each leading to the next and the last one to `agentId`. Throws ROTATION_INVALID. */
export function verifyRotationChain(
  agentId: AgentId,
  statements: readonly RotationStatement[],
): readonly VerifiedRotation[] {
  for (const [index, statement] of statements.entries()) {
    const next = statements[index + 1]?.from ?? agentId;
    if (statement.to !== next) throw new MeshError('ROTATION_INVALID', `The rotations do not lead to ${agentId}`);
  }
  return statements.map(verifyRotation);
}
