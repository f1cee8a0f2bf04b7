import { canonicalJson, fromBase64url, toBase64url } from '#kernel';
import { type AgentId, agentIdOf, isAgentId, type KeyPair, publicKeyOf, sign, verify } from '#identity';
import { appendAudit } from './chain.ts';
import type { AuditEntry } from './entry.ts';
import type { AuditReader, AuditWriter } from './store.ts';

export const checkpointKind = 'checkpoint';

/** That the chain had `count` entries, the last with `hash`: signed by an agent's root key (spec 8.3). */
export interface Checkpoint {
  readonly count: number;
  readonly hash: string;
  readonly agentId: AgentId;
}

export interface MakeCheckpoint {
  readonly at: number;
  /** Name of the local agent that signs. */
  readonly agent: string;
  readonly root: KeyPair;
}

/** True when `every` entries came since the last checkpoint. Reads at most that many. */
export function checkpointDue(reader: AuditReader, every: number): boolean {
  const last = reader.last();
  if (last === undefined || last.seq < every) return false;
  return reader.entries({ kind: checkpointKind, afterSeq: last.seq - every, limit: 1 }).length === 0;
}

/** Signs the chain as it is and appends that. Undefined when it is empty or ends with a checkpoint already. */
export function makeCheckpoint(writer: AuditWriter, { at, agent, root }: MakeCheckpoint): AuditEntry | undefined {
  const last = writer.last();
  if (last === undefined || last.kind === checkpointKind) return undefined;
  const checkpoint: Checkpoint = { count: last.seq, hash: last.hash, agentId: agentIdOf(root.publicKey) };
  const signature = sign({ context: 'audit-checkpoint', key: root, data: signedBytes(checkpoint) });
  const data = { ...checkpoint, signature: toBase64url(signature) };
  return appendAudit(writer, { at, agent, kind: checkpointKind, data });
}

/**
 * What is wrong with the checkpoint in `entry`; undefined when its signature is good and it fits its place (spec 8.4).
 */
export function checkpointFault(entry: AuditEntry, signers?: readonly AgentId[]): string | undefined {
  const { count, hash, agentId, signature } = entry.data;
  if (!isAgentId(agentId) || typeof signature !== 'string') return 'the checkpoint has no signer or no signature';
  if (count !== entry.seq - 1 || hash !== entry.previous) return 'the checkpoint is about another place in the chain';
  if (signers !== undefined && !signers.includes(agentId))
    return 'the checkpoint is signed by a key that is not trusted';
  const data = signedBytes({ count, hash, agentId });
  const bytes = decoded(signature);
  const good =
    bytes !== undefined &&
    verify({ context: 'audit-checkpoint', publicKey: publicKeyOf(agentId), data, signature: bytes });
  return good ? undefined : 'the signature of the checkpoint does not verify';
}

const signedBytes = ({ count, hash, agentId }: Checkpoint): Uint8Array => canonicalJson({ count, hash, agentId });

function decoded(signature: string): Uint8Array | undefined {
  try {
    return fromBase64url(signature);
  } catch {
    return undefined;
  }
}
