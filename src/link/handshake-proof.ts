import { MeshError } from '#kernel';
import {
  type AgentId,
  decodeIncarnation,
  decodeRotation,
  encodeIncarnation,
  encodeRotation,
  type Incarnation,
  type KeyPair,
  publicKeyOf,
  type RotationStatement,
  sign,
  type VerifiedIncarnation,
  verify,
  verifyIncarnation,
  verifyRotationChain,
} from '#identity';
import { type AuthTranscript, authTranscript, type LinkAuth } from '#protocol';
import type { LinkPeer } from './link.ts';

/** The local end of a link: who it is and what proves it. */
export interface LinkSelf {
  readonly agentId: AgentId;
  /** Secret. */
  readonly root: KeyPair;
  /** Oldest first; the last one leads to `agentId`. */
  readonly rotations: readonly RotationStatement[];
  /** Of the life that this is, when the agent was brought back from a backup. */
  readonly incarnation?: Incarnation | undefined;
}

/** Room for hello, ids, signature and framing. */
const otherBytes = 1024;

/**
 * What one side shows to be `self`: its signature over both hellos, and how earlier ids led to this one, within
 * `maxBytes`.
 */
export function proofOf(self: LinkSelf, transcript: AuthTranscript, maxBytes: number): LinkAuth {
  const life = self.incarnation === undefined ? {} : { incarnation: encodeIncarnation(self.incarnation) };
  return {
    op: 'auth',
    agentIds: [self.agentId],
    signatures: [sign({ context: 'link-auth', key: self.root, data: authTranscript({ ...transcript, ...life }) })],
    rotations: newestWithin(self.rotations, maxBytes - otherBytes),
    ...life,
  };
}

/** Who the far end is. Throws HANDSHAKE_FAILED, and ROTATION_INVALID or MALFORMED for its rotations. */
export function checkProof(auth: LinkAuth, transcriptOf: (agentId: AgentId) => AuthTranscript): LinkPeer {
  const [agentId] = auth.agentIds;
  const [signature] = auth.signatures;
  if (agentId === undefined || signature === undefined || auth.agentIds.length !== 1 || auth.signatures.length !== 1) {
    throw new MeshError('HANDSHAKE_FAILED', 'A link is between two agents: one id and one signature each');
  }
  const { incarnation } = auth;
  const life = incarnation === undefined ? {} : { incarnation };
  const data = authTranscript({ ...transcriptOf(agentId), ...life });
  if (!verify({ context: 'link-auth', publicKey: publicKeyOf(agentId), data, signature })) {
    throw new MeshError('HANDSHAKE_FAILED', `The signature is not that of ${agentId} for this link`);
  }
  return {
    agentId,
    rotations: verifyRotationChain(agentId, auth.rotations.map(decodeRotation)),
    ...(incarnation === undefined ? {} : { incarnation: checkLife(agentId, incarnation) }),
  };
}

function checkLife(agentId: AgentId, encoded: Uint8Array): VerifiedIncarnation {
  const incarnation = verifyIncarnation(decodeIncarnation(encoded));
  if (incarnation.agentId === agentId) return incarnation;
  throw new MeshError('HANDSHAKE_FAILED', `The incarnation that ${agentId} shows is that of ${incarnation.agentId}`);
}

/**
 * Of a long history the oldest steps are left out: contacts that did not follow for so long compare fingerprints again.
 */
function newestWithin(rotations: readonly RotationStatement[], maxBytes: number): readonly Uint8Array[] {
  const chosen: Uint8Array[] = [];
  let bytes = 0;
  for (const rotation of rotations.toReversed()) {
    const encoded = encodeRotation(rotation);
    bytes += encoded.length + 3;
    if (bytes > maxBytes) break;
    chosen.unshift(encoded);
  }
  return chosen;
}

/** Who an agent is and was. */
export type KnownIds = Pick<LinkSelf, 'agentId' | 'rotations'>;

/** True for its present id and those that it followed from: a frame sealed before a rotation still names the earlier one. */
export const isIdOf = (agentId: AgentId, agent: KnownIds): boolean =>
  agent.agentId === agentId || agent.rotations.some(({ from }) => from === agentId);
